// Which activations there are, and where they are not smooth.
#pragma once

#include <vector>

#include "nncpp/activation.hpp"

namespace nncpp::testing {

inline std::vector<Activation> all_activations() {
  std::vector<Activation> result;
  for (const auto name : activation_names()) result.push_back(activation_from_name(name));
  return result;
}

// those with a derivative
inline std::vector<Activation> trainable_activations() {
  auto result = all_activations();
  std::erase(result, Activation::kStep);
  return result;
}

// where f or a derivative of it jumps
inline std::vector<double> kinks(Activation activation) {
  switch (activation) {
    case Activation::kStep:
    case Activation::kSoftsign:
    case Activation::kRelu:
    case Activation::kLeakyRelu:
    case Activation::kElu:
    case Activation::kSelu:
      return {0};
    case Activation::kHardTanh:
      return {-1, 1};
    default:
      return {};
  }
}

}  // namespace nncpp::testing
