// Contents page of the extension module.
#include "nncpp/dual.hpp"
#include "register.hpp"

#ifndef NNCPP_MODULE_NAME
#error "the build names the module: one for each processor level"
#endif

namespace py = pybind11;

namespace nncpp::python {

template <typename T>
void register_numbers(py::module_ module) {
  register_layers<T>(module);
  register_operators<T>(module);
  register_images<T>(module);
  register_sequences<T>(module);
  register_network<T>(module);
  register_losses<T>(module);
  register_custom<T>(module);
  register_objective<T>(module);
}

template <typename T>
void register_precision(py::module_ module) {
  register_numbers<T>(module);
  register_training<T>(module);
  register_module<T>(module);
}

}  // namespace nncpp::python

PYBIND11_MODULE(NNCPP_MODULE_NAME, module) {
  using namespace nncpp::python;
  register_errors();
  register_core(module);
  register_recurrent_options(module);
  register_precision<float>(module.def_submodule("float32"));
  register_precision<double>(module.def_submodule("float64"));
  register_numbers<nncpp::Dual>(module.def_submodule("dual"));
}
