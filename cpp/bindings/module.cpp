// Contents page of the extension module.
#include "register.hpp"

#ifndef NNCPP_MODULE_NAME
#error "the build names the module: one for each processor level"
#endif

namespace py = pybind11;

namespace nncpp::python {

template <typename T>
void register_precision(py::module_ module) {
  register_layers<T>(module);
  register_network<T>(module);
  register_losses<T>(module);
  register_objective<T>(module);
  register_training<T>(module);
  register_module<T>(module);
}

}  // namespace nncpp::python

PYBIND11_MODULE(NNCPP_MODULE_NAME, module) {
  using namespace nncpp::python;
  register_errors();
  register_core(module);
  register_precision<float>(module.def_submodule("float32"));
  register_precision<double>(module.def_submodule("float64"));
}
