// Threads, random numbers, initializers, and what both precisions share.
#include <Eigen/Core>

#include "nncpp/activation.hpp"
#include "nncpp/parallel.hpp"
#include "nncpp/parameters.hpp"
#include "nncpp/train.hpp"
#include "nncpp/window.hpp"
#include "numpy.hpp"
#include "register.hpp"

namespace nncpp::python {
namespace {

std::uint32_t stream_from_name(const std::string& name) {
  if (name == "order") return kOrderStream;
  if (name == "split") return kSplitStream;
  if (name == "check") return kCheckStream;
  if (name == "text") return kTextStream;
  throw DataError(text("stream: expected order, split, check or text, got '", name, "'"));
}

Initializer initializer_from_name(const std::string& name, double a, double b) {
  using Kind = Initializer::Kind;
  static const std::map<std::string, Kind> kinds{{"constant", Kind::kConstant},
                                                 {"normal", Kind::kNormal},
                                                 {"uniform", Kind::kUniform},
                                                 {"glorot_uniform", Kind::kGlorotUniform},
                                                 {"glorot_normal", Kind::kGlorotNormal},
                                                 {"he_uniform", Kind::kHeUniform},
                                                 {"he_normal", Kind::kHeNormal},
                                                 {"lecun_normal", Kind::kLecunNormal},
                                                 {"orthogonal", Kind::kOrthogonal}};
  const auto found = kinds.find(name);
  if (found == kinds.end()) throw DataError(text("initializer: unknown kind '", name, "'"));
  return {found->second, a, b};
}

std::string_view kind_name(SegmentKind kind) {
  return kind == SegmentKind::kWeight ? "weight" : kind == SegmentKind::kBias ? "bias" : "state";
}

std::string_view stage_name(Divergence::Stage stage) {
  constexpr std::array<std::string_view, 4> kNames{"forward", "loss", "backward", "update"};
  return kNames[static_cast<std::size_t>(stage)];
}

py::dict build_info() {
  py::dict info;
  info["eigen"] = text(EIGEN_MAJOR_VERSION, ".", EIGEN_MINOR_VERSION, ".", EIGEN_PATCH_VERSION);
#if defined(__clang__)
  info["compiler"] = "Clang " __clang_version__;
#else
  info["compiler"] = "GCC " __VERSION__;
#endif
  info["openmp"] = std::to_string(_OPENMP);
  info["pybind11"] = text(PYBIND11_VERSION_MAJOR, ".", PYBIND11_VERSION_MINOR);
  return info;
}

}  // namespace

void register_core(py::module_& module) {
  PYBIND11_NUMPY_DTYPE(Dual, value, slope);
  module.attr("isa") = NNCPP_ISA_NAME;
  module.attr("build_info") = build_info();
  py::list names;
  for (const auto name : activation_names()) names.append(std::string(name));
  module.attr("activation_names") = names;

  module.def("num_threads", &num_threads);
  module.def("set_num_threads", &set_num_threads, py::arg("count"));
  module.def("default_num_threads", &default_num_threads);
  module.def(
      "philox",
      [](const Philox4& counter, const std::array<std::uint32_t, 2>& key) {
        return py::tuple(py::cast(philox(counter, key)));
      },
      py::arg("counter"), py::arg("key"));
  module.def(
      "permutation",
      [](std::uint64_t seed, const std::string& stream, std::uint32_t step, Index n) {
        auto order = new_array<Index>({n});
        permutation({seed, stream_from_name(stream), step}, {order.mutable_data(), static_cast<std::size_t>(n)});
        return order;
      },
      py::arg("seed"), py::arg("stream"), py::arg("step"), py::arg("n"));
  module.def(
      "normal",
      [](std::uint64_t seed, const std::string& stream, std::uint32_t step, Index n) {
        auto values = new_array<double>({n});
        const RandomKey key{seed, stream_from_name(stream), step};
        for (Index i = 0; i < n; ++i) values.mutable_data()[i] = key.normal(static_cast<std::uint64_t>(i));
        return values;
      },
      py::arg("seed"), py::arg("stream"), py::arg("step"), py::arg("n"));

  py::class_<Initializer>(module, "Initializer")
      .def(py::init(&initializer_from_name), py::arg("kind"), py::arg("a") = 0.0, py::arg("b") = 0.0);
  using Pair = std::array<Index, 2>;
  py::class_<Window>(module, "Window")
      .def(py::init([](const Pair& size, const Pair& strides, const Pair& dilation, const std::array<Zeros, 2>& padding,
                       bool is_same, bool is_strict, bool is_sequence) {
             return Window({size, strides, dilation, padding, is_same, is_strict, is_sequence});
           }),
           py::arg("size"), py::arg("strides"), py::arg("dilation"), py::arg("padding"), py::arg("is_same"),
           py::arg("is_strict"), py::arg("is_sequence"))
      .def(
          "over",
          [](const Window& self, const std::vector<Index>& sample) { return self.over(self.image(Shape(sample))); },
          py::arg("sample"));
  py::class_<Sweep>(module, "Sweep")
      .def_readonly("length", &Sweep::length)
      .def_readonly("size", &Sweep::size)
      .def_readonly("stride", &Sweep::stride)
      .def_readonly("dilation", &Sweep::dilation)
      .def_property_readonly("padding", [](const Sweep& s) { return std::pair(s.padding[0], s.padding[1]); })
      .def_readonly("positions", &Sweep::positions)
      .def_readonly("dropped", &Sweep::dropped)
      .def_property_readonly("fitting_paddings", [](const Sweep& s) {
        std::vector<std::pair<Index, Index>> paddings;
        for (const auto& [before, after] : s.fitting_paddings()) paddings.emplace_back(before, after);
        return paddings;
      });
  py::class_<Segment>(module, "Segment")
      .def_readonly("name", &Segment::name)
      .def_property_readonly("shape", [](const Segment& s) { return tuple_of(s.shape); })
      .def_readonly("offset", &Segment::offset)
      .def_property_readonly("size", [](const Segment& s) { return numel(s.shape); })
      .def_property_readonly("kind", [](const Segment& s) { return kind_name(s.kind); })
      .def_property_readonly("fan_in", [](const Segment& s) { return s.spec.fan_in; });
  py::class_<LossSums>(module, "LossSums")
      .def_readonly("loss", &LossSums::loss)
      .def_readonly("weight", &LossSums::weight)
      .def_readonly("correct", &LossSums::correct);
  using Sums = std::tuple<double, double, double>;
  py::class_<RunResult>(module, "RunResult")
      .def(py::init([](Index steps, Index rows, const std::vector<Sums>& sums, double penalty) {
             RunResult totals{steps, rows, {}, penalty};
             for (const auto& [loss, weight, correct] : sums) totals.sums.push_back({loss, weight, correct});
             return totals;
           }),
           py::arg("steps"), py::arg("rows"), py::arg("sums"), py::arg("penalty"))
      .def_readonly("steps", &RunResult::steps)
      .def_readonly("rows", &RunResult::rows)
      .def_readonly("sums", &RunResult::sums)
      .def_readonly("penalty", &RunResult::penalty)
      .def_readonly("has_diverged", &RunResult::has_diverged);
  py::class_<Divergence>(module, "Divergence")
      .def_property_readonly("stage", [](const Divergence& d) { return stage_name(d.stage); })
      .def_readonly("layer", &Divergence::layer)
      .def_readonly("tensor", &Divergence::tensor)
      .def_readonly("value", &Divergence::value)
      .def_readonly("rows", &Divergence::rows)
      .def_readonly("has_more_rows", &Divergence::has_more_rows);
  py::class_<ObjectiveValue>(module, "ObjectiveValue")
      .def_readonly("value", &ObjectiveValue::value)
      .def_readonly("penalty", &ObjectiveValue::penalty)
      .def_readonly("loss_slope", &ObjectiveValue::loss_slope)
      .def_readonly("penalty_slope", &ObjectiveValue::penalty_slope)
      .def_readonly("sums", &ObjectiveValue::sums);
}

}  // namespace nncpp::python
