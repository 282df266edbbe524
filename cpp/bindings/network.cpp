#include "nncpp/network.hpp"

#include "numpy.hpp"
#include "register.hpp"

namespace nncpp::python {
namespace {

template <typename T>
std::vector<py::array_t<T>> predict(Network<T>& network, const std::vector<py::array>& inputs) {
  const std::vector<Source> sources = sources_of(inputs, "x");
  network.require_inputs(sources);
  std::vector<py::array_t<T>> outputs;
  std::vector<T*> data;
  const Index rows = sources.empty() ? 0 : sources[0].rows;
  for (std::size_t k = 0; k < network.outputs().size(); ++k) {
    outputs.push_back(new_array<T>(network.output_shape(static_cast<int>(k)).batch(rows)));
    data.push_back(outputs.back().mutable_data());
  }
  without_gil([&] {
    network.predict(sources, data, signal_poll());
    return 0;
  });
  return outputs;
}

template <typename T>
std::vector<py::tuple> shapes(const Network<T>& network, bool is_output) {
  std::vector<py::tuple> result;
  const std::size_t count = is_output ? network.outputs().size() : network.inputs().size();
  for (int i = 0; i < static_cast<int>(count); ++i)
    result.push_back(tuple_of(is_output ? network.output_shape(i) : network.input_shape(i)));
  return result;
}

}  // namespace

template <typename T>
void register_network(py::module_& module) {
  using N = Network<T>;
  py::class_<Graph<T>>(module, "Graph")
      .def(py::init<>())
      .def(
          "input",
          [](Graph<T>& g, const std::vector<Index>& shape, std::string name, double scale) {
            return g.input(Shape(shape), std::move(name), scale);
          },
          py::arg("shape"), py::arg("name"), py::arg("scale") = 1.0)
      .def(
          "add",
          [](Graph<T>& g, std::shared_ptr<Layer<T>> layer, std::vector<int> inputs, std::string name) {
            return g.add(std::move(layer), std::move(inputs), std::move(name));
          },
          py::arg("layer"), py::arg("inputs"), py::arg("name"))
      .def(
          "shape", [](const Graph<T>& g, std::size_t node) { return tuple_of(g.nodes().at(node).shape); },
          py::arg("node"));

  py::class_<N, std::shared_ptr<N>>(module, "Network")
      .def(py::init([](const Graph<T>& graph, std::vector<int> outputs, std::uint64_t seed) {
             return std::make_shared<N>(graph, std::move(outputs), seed);
           }),
           py::arg("graph"), py::arg("outputs"), py::arg("seed"))
      .def_property_readonly("theta", [](py::object self) { return view_of(self.cast<N&>().theta(), self); })
      .def_property_readonly("state", [](py::object self) { return view_of(self.cast<N&>().state(), self); })
      .def_property_readonly("segments", [](const N& n) { return n.graph().segments(); })
      .def_property_readonly("states", [](const N& n) { return n.graph().states(); })
      .def_property_readonly("input_shapes", [](const N& n) { return shapes(n, false); })
      .def_property_readonly("output_shapes", [](const N& n) { return shapes(n, true); })
      .def("predict", &predict<T>, py::arg("inputs"));
}

template void register_network<float>(py::module_&);
template void register_network<double>(py::module_&);
template void register_network<Dual>(py::module_&);

}  // namespace nncpp::python
