// J and its gradient.
#include "nncpp/divergence.hpp"

#include "examples.hpp"
#include "numpy.hpp"
#include "register.hpp"

namespace nncpp::python {
namespace {

template <typename T>
py::tuple gradient(Objective<T>& objective, const Inputs& inputs, const Arrays& targets, const MaybeArray& weights,
                   const MaybeArray& lengths, bool training, std::uint32_t step, bool wants_inputs) {
  const Examples examples = examples_of(inputs, targets, weights, lengths);
  auto dtheta = new_array<T>({objective.network().theta().size()});
  std::vector<py::object> dinputs;  // None for tokens and sparse rows
  std::vector<T*> data;
  for (std::size_t i = 0; wants_inputs && i < examples.inputs.size(); ++i) {
    const Source& x = examples.inputs[i];
    const bool is_wanted = objective.network().input_kind(static_cast<int>(i)) == InputKind::kNumbers;
    auto dx = is_wanted ? new_array<T>(x.sample.batch(x.rows)) : py::array_t<T>();
    data.push_back(is_wanted ? dx.mutable_data() : nullptr);
    dinputs.push_back(is_wanted ? py::object(std::move(dx)) : py::none());
  }
  T* const to = dtheta.mutable_data();
  const ObjectiveValue value = without_gil([&] {
    objective.require_valid(examples, signal_poll());
    return objective.gradient(examples, {mode_of(training), step, step}, to, data, signal_poll());
  });
  return py::make_tuple(value, dtheta, dinputs);
}

template <typename T>
py::tuple inspect(Objective<T>& objective, const Inputs& inputs, const Arrays& targets, const MaybeArray& weights,
                  const MaybeArray& lengths, bool training, std::uint32_t step) {
  const Examples examples = examples_of(inputs, targets, weights, lengths);
  auto dtheta = new_array<T>({objective.network().theta().size()});
  T* const to = dtheta.mutable_data();
  std::vector<py::object> values, gradients;
  const auto look = [&](const Plan<T>& plan) {
    const py::gil_scoped_acquire gil;
    for (int node = 0; node < static_cast<int>(plan.graph().nodes().size()); ++node) {
      const Tensor<const T> value = plan.value(node);
      values.push_back(value.data == nullptr ? py::object(py::none()) : copy_of(value));
      const Tensor<const T> gradient = plan.gradient(node);
      gradients.push_back(gradient.data == nullptr ? py::object(py::none()) : copy_of(gradient));
    }
  };
  const ObjectiveValue value = without_gil([&] {
    objective.require_valid(examples, signal_poll());
    return objective.inspect(examples, {mode_of(training), step, step}, to, look, signal_poll());
  });
  return py::make_tuple(value, dtheta, values, gradients);
}

}  // namespace

template <typename T>
void register_objective(py::module_& module) {
  using Penalties = std::vector<std::tuple<Index, Index, double, double>>;
  using O = Objective<T>;
  py::class_<O, std::shared_ptr<O>> objective(module, "Objective");
  objective
      .def(py::init([](std::shared_ptr<Network<T>> network, const std::vector<std::shared_ptr<Loss<T>>>& losses,
                       std::vector<double> loss_weights, const Penalties& penalties) {
             typename O::Options options{.losses = {losses.begin(), losses.end()},
                                         .loss_weights = std::move(loss_weights)};
             for (const auto& [offset, size, l1, l2] : penalties) options.penalties.push_back({offset, size, l1, l2});
             return std::make_shared<O>(std::move(network), std::move(options));
           }),
           py::arg("network"), py::arg("losses"), py::arg("loss_weights"), py::arg("penalties"))
      .def(
          "require_valid",
          [](const O& self, const Inputs& inputs, const Arrays& targets, const MaybeArray& weights,
             const MaybeArray& lengths) {
            const Examples examples = examples_of(inputs, targets, weights, lengths);
            without_gil([&] { return self.require_valid(examples, signal_poll()), 0; });
          },
          py::arg("inputs"), py::arg("targets"), py::arg("weights"), py::arg("lengths"))
      .def("gradient", &gradient<T>, py::arg("inputs"), py::arg("targets"), py::arg("weights"), py::arg("lengths"),
           py::arg("training"), py::arg("step"), py::arg("wants_inputs"))
      .def("inspect", &inspect<T>, py::arg("inputs"), py::arg("targets"), py::arg("weights"), py::arg("lengths"),
           py::arg("training"), py::arg("step"))
      .def(
          "evaluate",
          [](O& self, const Inputs& inputs, const Arrays& targets, const MaybeArray& weights,
             const MaybeArray& lengths) {
            const Examples examples = examples_of(inputs, targets, weights, lengths);
            return without_gil([&] { return self.evaluate(examples, signal_poll()); });
          },
          py::arg("inputs"), py::arg("targets"), py::arg("weights"), py::arg("lengths"));
  if constexpr (!std::is_same_v<T, Dual>)
    objective.def(
        "divergence",
        [](O& self, const Inputs& inputs, const Arrays& targets, const MaybeArray& weights, const MaybeArray& lengths,
           bool training, std::uint32_t step) {
          const Examples examples = examples_of(inputs, targets, weights, lengths);
          return without_gil(
              [&] { return find_divergence<T>(self, examples, {mode_of(training), step, step}, signal_poll()); });
        },
        py::arg("inputs"), py::arg("targets"), py::arg("weights"), py::arg("lengths"), py::arg("training"),
        py::arg("step"));
}

template void register_objective<float>(py::module_&);
template void register_objective<double>(py::module_&);
template void register_objective<Dual>(py::module_&);

}  // namespace nncpp::python
