// Every optimizer with its options, each beside its plain-loop twin.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "nncpp/optimizer.hpp"
#include "reference.hpp"

namespace nncpp::testing {

template <typename T>
struct Method {
  std::string name;
  std::shared_ptr<const Optimizer<T>> optimizer;
  std::function<void(double, const reference::Vector&, reference::Vector&)> twin;
  double rate = 0.05;  // that suits a bowl; 0 where decay moves its bottom
};

template <typename T>
std::vector<Method<T>> methods(RowUpdate rows = RowUpdate::kExact) {
  const auto twin = [](auto reference) {
    return [reference](double rate, const auto& g, auto& theta) mutable { reference.step(rate, g, theta); };
  };
  using A = Adam<T>;
  using Options = typename A::Options;
  return {{"SGD", std::make_shared<SGD<T>>(0.0, false, rows), twin(reference::Sgd{0, false})},
          {"momentum", std::make_shared<SGD<T>>(0.9, false, rows), twin(reference::Sgd{0.9, false})},
          {"Nesterov", std::make_shared<SGD<T>>(0.9, true, rows), twin(reference::Sgd{0.9, true})},
          {"AdaGrad", std::make_shared<AdaGrad<T>>(Damping{1e-10}, rows), twin(reference::RmsProp{1, 1e-10}), 1},
          {"AdaGrad, epsilon inside", std::make_shared<AdaGrad<T>>(Damping{0.1, true}, rows),
           twin(reference::RmsProp{1, 0.1, true}), 1},
          {"RMSProp", std::make_shared<RMSProp<T>>(0.9, Damping{}, rows), twin(reference::RmsProp{})},
          {"RMSProp, epsilon inside", std::make_shared<RMSProp<T>>(0.7, Damping{0.1, true}, rows),
           twin(reference::RmsProp{0.7, 0.1, true})},
          {"Adadelta", std::make_shared<Adadelta<T>>(0.9, 1e-6, rows), twin(reference::Adadelta{}), 1},
          {"Adadelta, other options", std::make_shared<Adadelta<T>>(0.7, 1e-3, rows),
           twin(reference::Adadelta{0.7, 1e-3}), 1},
          {"Adam", std::make_shared<A>(Options{.row_update = rows}), twin(reference::Adam{})},
          {"Adam, other options",
           std::make_shared<A>(Options{.beta1 = 0.5, .beta2 = 0.9, .damping = {1e-3}, .row_update = rows}),
           twin(reference::Adam{0.5, 0.9, 1e-3})},
          {"Adam, epsilon inside", std::make_shared<A>(Options{.damping = {0.1, true}, .row_update = rows}),
           twin(reference::Adam{.epsilon = 0.1, .is_inside_root = true})},
          {"Adam, uncorrected", std::make_shared<A>(Options{.bias_correction = false, .row_update = rows}),
           twin(reference::Adam{.bias_correction = false})},
          {"AdamW", std::make_shared<A>(Options{.weight_decay = 0.1, .row_update = rows}),
           twin(reference::Adam{.weight_decay = 0.1}), 0},
          {"AdamW, epsilon inside",
           std::make_shared<A>(Options{.damping = {0.1, true}, .weight_decay = 0.1, .row_update = rows}),
           twin(reference::Adam{.epsilon = 0.1, .is_inside_root = true, .weight_decay = 0.1}), 0}};
}

}  // namespace nncpp::testing
