// One layer on its own.
#include "examples.hpp"
#include "nncpp/module.hpp"
#include "numpy.hpp"
#include "register.hpp"

namespace nncpp::python {
namespace {

template <typename T>
py::dict views(py::object self, const std::vector<Segment>& segments, T* flat) {
  py::dict result;
  for (const Segment& segment : segments) {
    const std::string name = segment.name.substr(segment.name.rfind('/') + 1);
    result[py::str(name)] = view_of(view(segment, flat), self);
  }
  return result;
}

template <typename T>
std::vector<Tensor<const T>> tensors_of(const std::vector<py::array>& arrays) {
  std::vector<Tensor<const T>> tensors;
  for (const auto& array : arrays) tensors.push_back(tensor_of<T>(array, "u"));
  return tensors;
}

template <typename T>
py::array_t<T> forward(Module<T>& module, const std::vector<py::array>& inputs, bool training, std::uint32_t step) {
  const auto u = tensors_of<T>(inputs);
  if (!u.empty() && u[0].shape.rank() == 0)
    throw ShapeError(text(module.node().name, ": expected input (N, ...), got a number"));
  const Shape shape = module.node().shape.batch(u.empty() ? 1 : u[0].shape[0]);
  auto v = new_array<T>(shape);
  module.forward({u, mode_of(training), step}, {v.mutable_data(), shape});
  return v;
}

template <typename T>
py::tuple backward(Module<T>& module, const std::vector<py::array>& inputs, const py::array& output,
                   const py::array& doutput, bool training, std::uint32_t step) {
  const auto u = tensors_of<T>(inputs);
  std::vector<py::array_t<T>> du;
  std::vector<Gradient<T>> dinputs, dweights;
  for (const auto& tensor : u) {
    du.push_back(new_array<T>(tensor.shape));
    dinputs.push_back({{du.back().mutable_data(), tensor.shape}, Write::kAssign});
  }
  py::dict dW;
  for (const Segment& segment : module.segments()) {
    auto gradient = new_array<T>(segment.shape);
    dweights.push_back({{gradient.mutable_data(), segment.shape}, Write::kAssign});
    dW[py::str(segment.name.substr(segment.name.rfind('/') + 1))] = gradient;
  }
  module.backward({u, mode_of(training), step}, tensor_of<T>(output, "v"), tensor_of<T>(doutput, "dv"), dinputs,
                  dweights);
  return py::make_tuple(du, dW);
}

}  // namespace

template <typename T>
void register_module(py::module_& module) {
  using M = Module<T>;
  py::class_<M>(module, "Module")
      .def(py::init([](std::shared_ptr<Layer<T>> layer, const std::vector<std::vector<Index>>& input_shapes,
                       std::string name, std::uint64_t seed) {
             std::vector<Shape> shapes;
             for (const auto& axes : input_shapes) shapes.emplace_back(axes);
             return std::make_unique<M>(std::move(layer), shapes, std::move(name), seed);
           }),
           py::arg("layer"), py::arg("input_shapes"), py::arg("name"), py::arg("seed"))
      .def_property_readonly("output_shape", [](const M& m) { return tuple_of(m.node().shape); })
      .def_property_readonly("parameters",
                             [](py::object self) {
                               auto& m = self.cast<M&>();
                               return views(self, m.segments(), m.theta());
                             })
      .def_property_readonly("state",
                             [](py::object self) {
                               auto& m = self.cast<M&>();
                               return views(self, m.states(), m.state());
                             })
      .def("forward", &forward<T>, py::arg("inputs"), py::arg("training"), py::arg("step"))
      .def("backward", &backward<T>, py::arg("inputs"), py::arg("output"), py::arg("doutput"), py::arg("training"),
           py::arg("step"));
}

template void register_module<float>(py::module_&);
template void register_module<double>(py::module_&);

}  // namespace nncpp::python
