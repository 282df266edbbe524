// The table of all layers. A layer enters the library with a row here, and the row is what the contract is checked on.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

#include "nncpp/graph.hpp"

namespace nncpp::testing {

template <typename T>
using LayerPointer = std::shared_ptr<const Layer<T>>;

template <typename T>
class LayerRun;

struct LayerRow {
  std::string name;
  LayerPointer<float> in_float;
  LayerPointer<double> in_double;
  std::vector<Shape> inputs;                  // of one sample
  std::vector<std::vector<Shape>> refused{};  // inputs that the layer cannot take
  bool is_random = false;                     // in training
  // How near a run is to kinks of the layer's own, beside those of its output activation.
  std::function<double(const LayerRun<double>&)> kink_distance{};
  bool couples_rows = false;     // in training a row of v depends on the other rows
  std::vector<bool> has_rows{};  // by input: false for an array (1, ...) given to an operator; empty: all have rows
  std::vector<bool> is_flat{};   // by input: its gradient is 0 everywhere; empty: none is
  std::function<double(std::size_t input, double x)> domain{};  // a number that the input can have, from any other
  InputKind kind = InputKind::kNumbers;                         // of inputs; tokens only where the layer takes them
};

template <typename T>
const LayerPointer<T>& layer(const LayerRow& row) {
  if constexpr (std::is_same_v<T, float>) {
    return row.in_float;
  } else {
    return row.in_double;
  }
}

const std::vector<LayerRow>& layer_table();

}  // namespace nncpp::testing
