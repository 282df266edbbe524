// Layers that read sequences.
#include "nncpp/error.hpp"
#include "nncpp/layers/bidirectional.hpp"
#include "nncpp/layers/gru.hpp"
#include "nncpp/layers/last_step.hpp"
#include "nncpp/layers/lstm.hpp"
#include "nncpp/layers/simple_rnn.hpp"
#include "numpy.hpp"
#include "register.hpp"

namespace nncpp::python {

void register_recurrent_options(py::module_& module) {
  py::class_<RecurrentOptions>(module, "RecurrentOptions")
      .def(py::init([](Index units, bool returns_sequences, bool is_reverse, bool returns_state, Index num_streams,
                       Index truncate, double dropout, double recurrent_dropout, const Initializer& weight,
                       const Initializer& recurrent) {
             return RecurrentOptions{units,    returns_sequences, is_reverse,        returns_state, num_streams,
                                     truncate, dropout,           recurrent_dropout, weight,        recurrent};
           }),
           py::arg("units"), py::arg("returns_sequences"), py::arg("is_reverse"), py::arg("returns_state"),
           py::arg("num_streams"), py::arg("truncate"), py::arg("dropout"), py::arg("recurrent_dropout"),
           py::arg("weight_initializer"), py::arg("recurrent_initializer"));
}

template <typename T>
void register_sequences(py::module_& module) {
  using Made = std::shared_ptr<Layer<T>>;
  module.def(
      "SimpleRNN",
      [](const RecurrentOptions& options, const std::string& activation) -> Made {
        return std::make_shared<SimpleRNN<T>>(options, activation_from_name(activation));
      },
      py::arg("options"), py::arg("activation"));
  module.def(
      "LSTM", [](const RecurrentOptions& options) -> Made { return std::make_shared<LSTM<T>>(options); },
      py::arg("options"));
  module.def(
      "GRU", [](const RecurrentOptions& options) -> Made { return std::make_shared<GRU<T>>(options); },
      py::arg("options"));
  module.def(
      "Bidirectional",
      [](const Made& forward, const Made& backward, const std::string& merge) -> Made {
        const auto direction = [](const Made& layer) {
          auto recurrent = std::dynamic_pointer_cast<const Recurrent<T>>(layer);
          if (recurrent == nullptr) throw DataError(text("layer: expected a recurrent layer, got ", layer->kind()));
          return recurrent;
        };
        return std::make_shared<Bidirectional<T>>(direction(forward), direction(backward), merge_from_name(merge));
      },
      py::arg("forward"), py::arg("backward"), py::arg("merge"));
  module.def(
      "LastStep", [](bool is_first) -> Made { return std::make_shared<LastStep<T>>(is_first); }, py::arg("is_first"));
  module.def(
      "Columns", [](Index first, Index count) -> Made { return std::make_shared<Columns<T>>(first, count); },
      py::arg("first"), py::arg("count"));
}

template void register_sequences<float>(py::module_&);
template void register_sequences<double>(py::module_&);
template void register_sequences<Dual>(py::module_&);

}  // namespace nncpp::python
