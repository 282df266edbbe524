#include "nncpp/network.hpp"

#include "examples.hpp"
#include "numpy.hpp"
#include "register.hpp"

namespace nncpp::python {
namespace {

template <typename T>
std::vector<py::array_t<T>> predict(Network<T>& network, const Inputs& inputs, const MaybeArray& lengths) {
  const std::vector<Source> sources = sources_of(inputs, "x");
  const Source lengths_source = lengths_of(lengths);
  network.require_inputs(sources, lengths_source);
  std::vector<py::array_t<T>> outputs;
  std::vector<T*> data;
  const Index rows = sources.empty() ? 0 : sources[0].rows;
  for (std::size_t k = 0; k < network.outputs().size(); ++k) {
    outputs.push_back(new_array<T>(network.output_shape(static_cast<int>(k)).batch(rows)));
    data.push_back(outputs.back().mutable_data());
  }
  without_gil([&] {
    network.predict(sources, lengths_source, data, signal_poll());
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

InputKind input_kind(const std::string& name) {
  if (name == "numbers") return InputKind::kNumbers;
  if (name == "tokens") return InputKind::kTokens;
  if (name == "sparse") return InputKind::kSparse;
  throw DataError(text("kind: expected numbers, tokens or sparse, got '", name, "'"));
}

}  // namespace

template <typename T>
void register_network(py::module_& module) {
  using N = Network<T>;
  py::class_<Graph<T>>(module, "Graph")
      .def(py::init<>())
      .def(
          "input",
          [](Graph<T>& g, const std::vector<Index>& shape, std::string name, double scale, const std::string& kind) {
            return g.input(Shape(shape), std::move(name), scale, input_kind(kind));
          },
          py::arg("shape"), py::arg("name"), py::arg("scale") = 1.0, py::arg("kind") = "numbers")
      .def("require_lengths", &Graph<T>::require_lengths)
      .def_property_readonly("num_streams", &Graph<T>::num_streams)
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
      .def_property_readonly("outputs_with_steps",
                             [](const N& n) {
                               std::vector<int> result;
                               for (int k = 0; k < static_cast<int>(n.outputs().size()); ++k)
                                 if (n.output_has_steps(k)) result.push_back(k);
                               return result;
                             })
      .def_property_readonly("num_streams", [](const N& n) { return n.graph().num_streams(); })
      .def("reset_streams", [](N& n) { n.reset_streams(); })
      .def("predict", &predict<T>, py::arg("inputs"), py::arg("lengths") = py::none());
}

template void register_network<float>(py::module_&);
template void register_network<double>(py::module_&);
template void register_network<Dual>(py::module_&);

}  // namespace nncpp::python
