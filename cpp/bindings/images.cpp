// One line for each layer of images.
#include "nncpp/layers/conv2d.hpp"
#include "numpy.hpp"
#include "register.hpp"

namespace nncpp::python {

template <typename T>
void register_images(py::module_& module) {
  using Made = std::shared_ptr<Layer<T>>;
  const auto add = [&](const char* name, auto make, auto... arguments) { module.def(name, make, arguments...); };
  add(
      "Conv2D",
      [](Index filters, const Window& window, Index groups, const std::string& activation, bool use_bias,
         const Initializer& weight, const Initializer& bias) -> Made {
        return std::make_shared<Conv2D<T>>(typename Conv2D<T>::Options{
            filters, window.options(), groups, activation_from_name(activation), use_bias, weight, bias});
      },
      py::arg("filters"), py::arg("window"), py::arg("groups"), py::arg("activation"), py::arg("use_bias"),
      py::arg("weight_initializer"), py::arg("bias_initializer"));
}

template void register_images<float>(py::module_&);
template void register_images<double>(py::module_&);
template void register_images<Dual>(py::module_&);

}  // namespace nncpp::python
