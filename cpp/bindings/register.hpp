// What each file of the bindings adds to the module.
#pragma once

#include <pybind11/pybind11.h>

namespace nncpp::python {

void register_errors();
void register_core(pybind11::module_& module);
void register_recurrent_options(pybind11::module_& module);

template <typename T>
void register_layers(pybind11::module_& module);
template <typename T>
void register_operators(pybind11::module_& module);
template <typename T>
void register_images(pybind11::module_& module);
template <typename T>
void register_sequences(pybind11::module_& module);
template <typename T>
void register_custom(pybind11::module_& module);
template <typename T>
void register_network(pybind11::module_& module);
template <typename T>
void register_losses(pybind11::module_& module);
template <typename T>
void register_objective(pybind11::module_& module);
template <typename T>
void register_training(pybind11::module_& module);
template <typename T>
void register_module(pybind11::module_& module);

}  // namespace nncpp::python
