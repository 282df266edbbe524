// Optimizers and the trainer.
#include "nncpp/train.hpp"

#include <algorithm>
#include <limits>

#include "examples.hpp"
#include "numpy.hpp"
#include "register.hpp"

namespace nncpp::python {
namespace {

template <typename T>
RunResult run(Trainer<T>& trainer, const Arrays& inputs, const Arrays& targets, const MaybeArray& weights,
              const py::array_t<Index, py::array::c_style>& order, Index first, Index batch_size, Index max_steps,
              double seconds, const py::array_t<double, py::array::c_style>& rates, const RunResult& totals,
              Telemetry<T>* telemetry, std::uint32_t epoch) {
  const Examples examples = examples_of(inputs, targets, weights);
  RunOptions options{.order = {order.data(), static_cast<std::size_t>(order.size())},
                     .first = first,
                     .batch_size = batch_size,
                     .max_steps = std::min(max_steps, static_cast<Index>(rates.size())),
                     .seconds = seconds,
                     .rates = {rates.data(), static_cast<std::size_t>(rates.size())},
                     .epoch = epoch};
  return without_gil([&] { return trainer.run(examples, options, signal_poll(), totals, telemetry); });
}

template <typename T>
ObjectiveValue step(Trainer<T>& trainer, const Arrays& inputs, const Arrays& targets, const MaybeArray& weights,
                    double rate) {
  const Examples examples = examples_of(inputs, targets, weights);
  return without_gil([&] { return trainer.step(examples, rate, signal_poll()); });
}

template <typename T>
py::dict moments(py::object self) {
  auto& trainer = self.cast<Trainer<T>&>();
  const auto names = trainer.moment_names();
  py::dict result;
  for (std::size_t i = 0; i < names.size(); ++i) {
    auto& moment = trainer.optimizer_state().moments[i];
    result[py::str(names[i])] = view_of(Tensor<T>{moment.data(), {moment.size()}}, self);
  }
  return result;
}

// the steps recorded so far, and (steps, layers, quantities) of them; there are none afterwards
template <typename T>
py::tuple take(Telemetry<T>& telemetry) {
  constexpr Index kQuantities = sizeof(LayerRecord) / sizeof(double);
  const auto layers = static_cast<Index>(telemetry.layers().size());
  auto steps = new_array<Index>({static_cast<Index>(telemetry.steps().size())});
  auto values = new_array<double>({steps.size(), layers, kQuantities});
  std::copy(telemetry.steps().begin(), telemetry.steps().end(), steps.mutable_data());
  double* to = values.mutable_data();
  for (const LayerRecord& r : telemetry.records())
    to =
        std::ranges::copy(
            std::array{r.update_ratio, r.parameter_norm, r.gradient_norm, r.mean, r.deviation, r.dead, r.saturated}, to)
            .out;
  telemetry.clear();
  return py::make_tuple(steps, values);
}

}  // namespace

template <typename T>
void register_training(py::module_& module) {
  using MadeOptimizer = std::shared_ptr<Optimizer<T>>;
  py::class_<Optimizer<T>, MadeOptimizer>(module, "Optimizer")
      .def_property_readonly("moment_names", &Optimizer<T>::moment_names);
  module.def(
      "SGD",
      [](double momentum, bool nesterov) -> MadeOptimizer { return std::make_shared<SGD<T>>(momentum, nesterov); },
      py::arg("momentum"), py::arg("nesterov"));
  module.def(
      "AdaGrad",
      [](double epsilon, bool epsilon_inside_root) -> MadeOptimizer {
        return std::make_shared<AdaGrad<T>>(Damping{epsilon, epsilon_inside_root});
      },
      py::arg("epsilon"), py::arg("epsilon_inside_root"));
  module.def(
      "RMSProp",
      [](double rho, double epsilon, bool epsilon_inside_root) -> MadeOptimizer {
        return std::make_shared<RMSProp<T>>(rho, Damping{epsilon, epsilon_inside_root});
      },
      py::arg("rho"), py::arg("epsilon"), py::arg("epsilon_inside_root"));
  module.def(
      "Adadelta",
      [](double rho, double epsilon) -> MadeOptimizer { return std::make_shared<Adadelta<T>>(rho, epsilon); },
      py::arg("rho"), py::arg("epsilon"));
  module.def(
      "Adam",
      [](double beta1, double beta2, double epsilon, bool epsilon_inside_root, bool bias_correction,
         double weight_decay) -> MadeOptimizer {
        return std::make_shared<Adam<T>>(
            typename Adam<T>::Options{beta1, beta2, {epsilon, epsilon_inside_root}, bias_correction, weight_decay});
      },
      py::arg("beta1"), py::arg("beta2"), py::arg("epsilon"), py::arg("epsilon_inside_root"),
      py::arg("bias_correction"), py::arg("weight_decay"));

  py::class_<Telemetry<T>>(module, "Telemetry")
      .def(py::init<Objective<T>&, Index>(), py::arg("objective"), py::arg("every"), py::keep_alive<1, 2>())
      .def_property_readonly("layers", &Telemetry<T>::layers)
      .def("take", &take<T>);

  using Constraints = std::vector<std::tuple<Index, Index, Index, double>>;
  using RateFactors = std::vector<std::tuple<Index, Index, double>>;
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  py::class_<Trainer<T>>(module, "Trainer")
      .def(py::init([](std::shared_ptr<Objective<T>> objective, MadeOptimizer optimizer, const Constraints& constraints,
                       const RateFactors& rate_factors, double clip_value, double clip_norm) {
             typename Trainer<T>::Options options{.optimizer = std::move(optimizer),
                                                  .clipping = {clip_value, clip_norm}};
             for (const auto& [offset, rows, columns, limit] : constraints)
               options.constraints.push_back({offset, rows, columns, limit});
             for (const auto& [offset, size, factor] : rate_factors)
               options.rates.push_back({offset, offset + padded<T>(size), factor});
             return std::make_unique<Trainer<T>>(std::move(objective), std::move(options));
           }),
           py::arg("objective"), py::arg("optimizer"), py::arg("constraints") = Constraints{},
           py::arg("rate_factors") = RateFactors{}, py::arg("clip_value") = kInfinity, py::arg("clip_norm") = kInfinity)
      .def_property(
          "t", [](Trainer<T>& self) { return self.optimizer_state().t; },
          [](Trainer<T>& self, Index t) { self.optimizer_state().t = t; })
      .def_property_readonly("moments", &moments<T>)
      .def("run", &run<T>, py::arg("inputs"), py::arg("targets"), py::arg("weights"), py::arg("order"),
           py::arg("first"), py::arg("batch_size"), py::arg("max_steps"), py::arg("seconds"), py::arg("rates"),
           py::arg("totals"), py::arg("telemetry") = nullptr, py::arg("epoch") = 0)
      .def_property_readonly("divergence", &Trainer<T>::divergence)
      .def("step", &step<T>, py::arg("inputs"), py::arg("targets"), py::arg("weights"), py::arg("rate"));
}

template void register_training<float>(py::module_&);
template void register_training<double>(py::module_&);

}  // namespace nncpp::python
