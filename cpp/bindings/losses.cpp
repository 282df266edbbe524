// One line for each loss.
#include "nncpp/loss.hpp"
#include "numpy.hpp"
#include "register.hpp"

namespace nncpp::python {

template <typename T>
void register_losses(py::module_& module) {
  using MadeLoss = std::shared_ptr<Loss<T>>;
  py::class_<Loss<T>, MadeLoss>(module, "Loss")
      .def_property_readonly("name", &Loss<T>::name)
      .def_property_readonly("has_accuracy", &Loss<T>::has_accuracy)
      .def_property_readonly("takes_labels", &Loss<T>::takes_labels)
      .def_property_readonly("num_outputs", &Loss<T>::num_outputs)
      .def_property_readonly("takes_target", &Loss<T>::takes_target);
  const auto made = [](const char* name, const LossOptions& options = {}) -> MadeLoss {
    return make_loss<T>(name, options);
  };
  module.def("SquaredLoss", [=] { return made("squared"); });
  module.def("AbsoluteLoss", [=] { return made("absolute"); });
  module.def("ExpressionLoss", [=] { return made("expression"); });
  module.def("HuberLoss", [=](double delta) { return made("huber", {.delta = delta}); }, py::arg("delta"));
  module.def(
      "HingeLoss", [=](bool is_zero_one) { return made("hinge", {.is_zero_one = is_zero_one}); },
      py::arg("is_zero_one"));
  module.def("MaxMarginLoss", [=](double margin) { return made("max_margin", {.margin = margin}); }, py::arg("margin"));
  module.def(
      "MulticlassHingeLoss", [=](double margin) { return made("multiclass_hinge", {.margin = margin}); },
      py::arg("margin"));
  module.def(
      "NLL", [=](double smoothing) { return made("nll", {.label_smoothing = smoothing}); }, py::arg("label_smoothing"));
  module.def(
      "NLLM", [=](double smoothing) { return made("nllm", {.label_smoothing = smoothing}); },
      py::arg("label_smoothing"));
  module.def(
      "KLLoss", [=](double temperature) { return made("kl", {.temperature = temperature}); }, py::arg("temperature"));
}

template void register_losses<float>(py::module_&);
template void register_losses<double>(py::module_&);
template void register_losses<Dual>(py::module_&);

}  // namespace nncpp::python
