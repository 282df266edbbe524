// Optimizers and the trainer.
#include "nncpp/train.hpp"

#include <algorithm>
#include <limits>

#include "examples.hpp"
#include "nncpp/error.hpp"
#include "nncpp/parallel.hpp"
#include "numpy.hpp"
#include "register.hpp"

namespace nncpp::python {
namespace {

template <typename T>
RunResult run(Trainer<T>& trainer, const Inputs& inputs, const Arrays& targets, const MaybeArray& weights,
              const MaybeArray& lengths, const py::array_t<Index, py::array::c_style>& order, Index first,
              Index batch_size, Index max_steps, double seconds, const py::array_t<double, py::array::c_style>& rates,
              const RunResult& totals, Telemetry<T>* telemetry, std::uint32_t epoch) {
  const Examples examples = examples_of(inputs, targets, weights, lengths);
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
ObjectiveValue step(Trainer<T>& trainer, const Inputs& inputs, const Arrays& targets, const MaybeArray& weights,
                    const MaybeArray& lengths, double rate) {
  const Examples examples = examples_of(inputs, targets, weights, lengths);
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

RowUpdate row_update_from_name(const std::string& name) {
  if (name == "exact") return RowUpdate::kExact;
  if (name == "lazy") return RowUpdate::kLazy;
  throw DataError(text("update: expected 'exact' or 'lazy', got '", name, "'"));
}

// By the name of a row-sparse parameter: the step that each of its rows has been brought to.
template <typename T>
py::dict last_steps(py::object self) {
  auto& trainer = self.cast<Trainer<T>&>();
  auto& state = trainer.optimizer_state();
  py::dict result;
  for (std::size_t p = 0; p < state.last.size(); ++p)
    for (const Segment& segment : trainer.network().graph().segments())
      if (segment.offset == state.pieces[p].offset)
        result[py::str(segment.name)] =
            view_of(Tensor<Index>{state.last[p].data(), {static_cast<Index>(state.last[p].size())}}, self);
  return result;
}

// The steps from which on a rate holds, and the rates.
template <typename T>
py::tuple rates(Trainer<T>& trainer) {
  const auto& runs = trainer.optimizer_state().rates;
  auto first = new_array<Index>({static_cast<Index>(runs.size())});
  auto values = new_array<double>({static_cast<Index>(runs.size())});
  std::ranges::transform(runs, first.mutable_data(), &RateRun::first);
  std::ranges::transform(runs, values.mutable_data(), &RateRun::rate);
  return py::make_tuple(first, values);
}

template <typename T>
void set_rates(Trainer<T>& trainer, const std::pair<std::vector<Index>, std::vector<double>>& rates) {
  auto& runs = trainer.optimizer_state().rates;
  runs.clear();
  for (std::size_t i = 0; i < rates.first.size(); ++i) runs.push_back({rates.first[i], rates.second.at(i)});
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
      [](double momentum, bool nesterov, const std::string& update) -> MadeOptimizer {
        return std::make_shared<SGD<T>>(momentum, nesterov, row_update_from_name(update));
      },
      py::arg("momentum"), py::arg("nesterov"), py::arg("update"));
  module.def(
      "AdaGrad",
      [](double epsilon, bool epsilon_inside_root, const std::string& update) -> MadeOptimizer {
        return std::make_shared<AdaGrad<T>>(Damping{epsilon, epsilon_inside_root}, row_update_from_name(update));
      },
      py::arg("epsilon"), py::arg("epsilon_inside_root"), py::arg("update"));
  module.def(
      "RMSProp",
      [](double rho, double epsilon, bool epsilon_inside_root, const std::string& update) -> MadeOptimizer {
        return std::make_shared<RMSProp<T>>(rho, Damping{epsilon, epsilon_inside_root}, row_update_from_name(update));
      },
      py::arg("rho"), py::arg("epsilon"), py::arg("epsilon_inside_root"), py::arg("update"));
  module.def(
      "Adadelta",
      [](double rho, double epsilon, const std::string& update) -> MadeOptimizer {
        return std::make_shared<Adadelta<T>>(rho, epsilon, row_update_from_name(update));
      },
      py::arg("rho"), py::arg("epsilon"), py::arg("update"));
  module.def(
      "Adam",
      [](double beta1, double beta2, double epsilon, bool epsilon_inside_root, bool bias_correction,
         double weight_decay, const std::string& update) -> MadeOptimizer {
        return std::make_shared<Adam<T>>(typename Adam<T>::Options{
            beta1, beta2, {epsilon, epsilon_inside_root}, bias_correction, weight_decay, row_update_from_name(update)});
      },
      py::arg("beta1"), py::arg("beta2"), py::arg("epsilon"), py::arg("epsilon_inside_root"),
      py::arg("bias_correction"), py::arg("weight_decay"), py::arg("update"));

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
          [](Trainer<T>& self, Index t) { self.optimizer_state().restart_at(t); })
      .def_property_readonly("moments", &moments<T>)
      .def_property_readonly("last_steps", &last_steps<T>)
      .def_property("rates", &rates<T>, &set_rates<T>)
      .def("settle",
           [](Trainer<T>& self) {  // with the GIL: two threads that predict may both ask for it
             const FloatMode float_mode;
             self.settle();
           })
      .def("run", &run<T>, py::arg("inputs"), py::arg("targets"), py::arg("weights"), py::arg("lengths"),
           py::arg("order"), py::arg("first"), py::arg("batch_size"), py::arg("max_steps"), py::arg("seconds"),
           py::arg("rates"), py::arg("totals"), py::arg("telemetry") = nullptr, py::arg("epoch") = 0)
      .def_property_readonly("divergence", &Trainer<T>::divergence)
      .def("step", &step<T>, py::arg("inputs"), py::arg("targets"), py::arg("weights"), py::arg("lengths"),
           py::arg("rate"));
}

template void register_training<float>(py::module_&);
template void register_training<double>(py::module_&);

}  // namespace nncpp::python
