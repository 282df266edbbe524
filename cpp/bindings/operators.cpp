// One line for each operator of the flow graph.
#include "nncpp/dual.hpp"
#include "nncpp/layers/arithmetic.hpp"
#include "nncpp/layers/elementwise.hpp"
#include "nncpp/layers/matmul.hpp"
#include "nncpp/layers/rearrangement.hpp"
#include "nncpp/layers/reduction.hpp"
#include "nncpp/layers/selection.hpp"
#include "nncpp/layers/variable.hpp"
#include "numpy.hpp"
#include "register.hpp"

namespace nncpp::python {

template <typename T>
void register_operators(py::module_& module) {
  using Made = std::shared_ptr<Layer<T>>;
  using Axes = std::vector<Index>;
  using MaybeAxes = std::optional<Axes>;
  const auto add = [&](const char* name, auto make, auto... arguments) { module.def(name, make, arguments...); };
  add(
      "Variable", [](const Axes& shape) -> Made { return std::make_shared<Variable<T>>(Shape(shape)); },
      py::arg("shape"));
  add(
      "Constant", [](const Axes& shape) -> Made { return std::make_shared<Constant<T>>(Shape(shape)); },
      py::arg("shape"));
  add(
      "Arithmetic", [](const std::string& kind) -> Made { return std::make_shared<Arithmetic<T>>(kind); },
      py::arg("kind"));
  add(
      "Comparison", [](const std::string& kind) -> Made { return std::make_shared<Comparison<T>>(kind); },
      py::arg("kind"));
  add(
      "Elementwise", [](const std::string& kind) -> Made { return std::make_shared<Elementwise<T>>(kind); },
      py::arg("kind"));
  add("Matmul", []() -> Made { return std::make_shared<Matmul<T>>(); });
  add(
      "Reduction",
      [](const std::string& kind, MaybeAxes axes, bool keepdims) -> Made {
        return std::make_shared<Reduction<T>>(kind, typename Reduction<T>::Options{std::move(axes), keepdims});
      },
      py::arg("kind"), py::arg("axes"), py::arg("keepdims"));
  add("Reshape", [](Axes shape) -> Made { return std::make_shared<Reshape<T>>(std::move(shape)); }, py::arg("shape"));
  add(
      "Transpose", [](MaybeAxes axes) -> Made { return std::make_shared<Transpose<T>>(std::move(axes)); },
      py::arg("axes"));
  add(
      "Slice",
      [](const std::vector<std::array<Index, 3>>& axes) -> Made {
        std::vector<typename Slice<T>::Axis> parts;
        for (const auto& [start, length, step] : axes) parts.push_back({start, length, step});
        return std::make_shared<Slice<T>>(std::move(parts));
      },
      py::arg("axes"));
  add("Concatenate", [](Index axis) -> Made { return std::make_shared<Concatenate<T>>(axis); }, py::arg("axis"));
  add("Where", []() -> Made { return std::make_shared<Where<T>>(); });
  add("Gather", [](Index axis) -> Made { return std::make_shared<Gather<T>>(axis); }, py::arg("axis"));
}

template void register_operators<float>(py::module_&);
template void register_operators<double>(py::module_&);
template void register_operators<Dual>(py::module_&);

}  // namespace nncpp::python
