#include "operator_table.hpp"

#include <cmath>

#include "layer_run.hpp"
#include "nncpp/error.hpp"
#include "nncpp/layers/arithmetic.hpp"
#include "nncpp/layers/elementwise.hpp"
#include "nncpp/layers/matmul.hpp"
#include "nncpp/layers/rearrangement.hpp"
#include "nncpp/layers/reduction.hpp"
#include "nncpp/layers/selection.hpp"

namespace nncpp::testing {
namespace {

template <template <typename> class L, typename... Arguments>
LayerRow& add(std::vector<LayerRow>& table, const std::string& name, const std::vector<Shape>& inputs,
              const std::vector<bool>& has_rows, const std::vector<std::vector<Shape>>& refused,
              const Arguments&... arguments) {
  table.push_back({.name = name,
                   .in_float = std::make_shared<L<float>>(arguments...),
                   .in_double = std::make_shared<L<double>>(arguments...),
                   .inputs = inputs,
                   .refused = refused,
                   .has_rows = has_rows});
  for (std::size_t i = 0; i < inputs.size(); ++i)
    table.back().name += text(", ", has_rows[i] ? "rows " : "array ", inputs[i]);
  return table.back();
}

double positive(std::size_t, double x) { return std::abs(x) + 0.25; }

// how near the operands of a run are to each other; 0 where one of them is the larger everywhere
double smallest_difference(const LayerRun<double>& run) {
  const Arithmetic<double> subtract("Subtract");
  Block<double> difference(run.output.shape());
  std::vector<Tensor<const double>> u;
  for (const auto& input : run.inputs) u.push_back({input.data(), input.shape()});
  subtract.forward({u, difference.tensor(), {}, {}, {}, nullptr, nullptr, Mode::kInference, {}, false});
  const auto [least, largest] = std::minmax_element(difference.values().begin(), difference.values().end());
  if (*least > 0 || *largest < 0) return 0;
  double smallest = std::numeric_limits<double>::infinity();
  for (const double x : difference.values()) smallest = std::min(smallest, std::abs(x));
  return smallest;
}

// how near two numbers of one sample are to each other
double smallest_gap(const LayerRun<double>& run) {
  const Index size = numel(run.inputs[0].shape()) / run.inputs[0].shape()[0];
  double smallest = std::numeric_limits<double>::infinity();
  for (auto sample = run.inputs[0].values(); !sample.empty(); sample = sample.subspan(static_cast<std::size_t>(size)))
    for (std::size_t i = 0; i < static_cast<std::size_t>(size); ++i)
      for (std::size_t j = 0; j < i; ++j) smallest = std::min(smallest, std::abs(sample[i] - sample[j]));
  return smallest;
}

void add_pointwise(std::vector<LayerRow>& table) {
  const std::vector<std::vector<Shape>> refused{{}, {{3}}, {{3}, {4}}, {{2, 3}, {2}}};
  struct Operands {
    std::vector<Shape> shapes;
    std::vector<bool> has_rows;
  };
  const Operands cases[] = {{{{3, 4}, {3, 4}}, {true, true}},
                            {{{3, 4}, {4}}, {true, false}},
                            {{{3, 1}, {4}}, {true, true}},
                            {{{}, {5}}, {false, true}},
                            {{{70}, {2, 1}}, {false, true}}};
  for (const auto& [shapes, has_rows] : cases) {
    for (const char* kind : {"Add", "Subtract", "Multiply", "Divide", "Power", "Maximum", "Minimum"}) {
      LayerRow& row = add<Arithmetic>(table, kind, shapes, has_rows, refused, kind);
      const std::string_view name = kind;
      if (name == "Divide" || name == "Power") row.domain = positive;
      if (name == "Maximum" || name == "Minimum") row.kink_distance = smallest_difference;
    }
    for (const char* kind : {"Greater", "GreaterEqual", "Less", "LessEqual"})
      add<Comparison>(table, kind, shapes, has_rows, refused, kind).is_flat = {true, true};
  }
  for (const char* kind : {"Negative", "Exp", "Log", "Sqrt", "Square", "Abs"}) {
    LayerRow& row = add<Elementwise>(table, kind, {{3, 7}}, {true}, {{}, {{3}, {3}}}, kind);
    if (kind == std::string_view("Log") || kind == std::string_view("Sqrt")) row.domain = positive;
  }
  for (const std::vector<bool>& has_rows : {std::vector{true, false, true}, {false, true, true}, {true, true, false}}) {
    LayerRow& row = add<Where>(table, "Where", {{3, 1}, {4}, {3, 4}}, has_rows, {{}, {{3}, {3}}, {{2}, {3}, {3}}});
    row.is_flat = {true, false, false};
    row.domain = [](std::size_t input, double x) { return input == 0 ? std::max(x, 0.0) : x; };
  }
}

void add_reductions(std::vector<LayerRow>& table) {
  using Axes = std::optional<std::vector<Index>>;
  for (const char* kind : {"Sum", "Mean", "Max"}) {
    for (const auto& [axes, keepdims] :
         {std::pair{Axes(), false}, {Axes(std::vector<Index>{0}), true}, {Axes(std::vector<Index>{-1}), false}}) {
      table.push_back(
          {.name = text(kind, ", ", axes ? text("axis ", axes->front()) : "all"),
           .in_float = std::make_shared<Reduction<float>>(kind, Reduction<float>::Options{axes, keepdims}),
           .in_double = std::make_shared<Reduction<double>>(kind, Reduction<double>::Options{axes, keepdims}),
           .inputs = {{2, 3}},
           .refused = {{}, {{3}, {3}}}});
      if (axes) table.back().refused.push_back({Shape{}});
      if (kind == std::string_view("Max")) table.back().kink_distance = smallest_gap;
    }
  }
  const Axes outer(std::vector<Index>{0, 2});
  table.push_back({.name = "Sum, axes 0 and 2",
                   .in_float = std::make_shared<Reduction<float>>("Sum", Reduction<float>::Options{outer, false}),
                   .in_double = std::make_shared<Reduction<double>>("Sum", Reduction<double>::Options{outer, false}),
                   .inputs = {{30, 3, 90}},
                   .refused = {{{3, 3}}}});
}

void add_products(std::vector<LayerRow>& table) {
  const std::vector<std::vector<Shape>> refused{
      {}, {{3}, {4}}, {{2, 3}, {2, 3}}, {Shape{}, {3}}, {{2, 4, 3}, {3, 3, 2}}};
  for (const auto& [shapes, has_rows] : {std::pair<std::vector<Shape>, std::vector<bool>>{{{3}, {3, 4}}, {true, false}},
                                         {{{2, 3}, {3}}, {false, true}},
                                         {{{3}, {3}}, {true, true}},
                                         {{{2, 3}, {3, 4}}, {true, true}},
                                         {{{5, 2, 3}, {3, 4}}, {true, false}},
                                         {{{2, 3}, {5, 3, 4}}, {false, true}},
                                         {{{2, 1, 2, 3}, {4, 3, 1}}, {true, false}},
                                         {{{67}, {67, 130}}, {true, false}},
                                         {{{9, 8, 8}, {9, 8, 8}}, {true, true}}})
    add<Matmul>(table, "Matmul", shapes, has_rows, refused);
}

void add_rearrangements(std::vector<LayerRow>& table) {
  add<Reshape>(table, "Reshape", {{2, 6}}, {true}, {{}, {{5}}}, std::vector<Index>{3, -1});
  using Axes = std::optional<std::vector<Index>>;
  add<Transpose>(table, "Transpose", {{2, 3, 4}}, {true}, {{}, {{5}, {5}}}, Axes());
  add<Transpose>(table, "Transpose by axes", {{2, 3, 4}}, {true}, {{{5}}, {{2, 3, 4, 5}}},
                 Axes(std::vector<Index>{1, -1, 0}));
  for (const std::vector<bool>& has_rows : {std::vector{true, true, true}, {true, false, true}})
    add<Concatenate>(table, "Concatenate", {{2, 3}, {2, 1}, {2, 4}}, has_rows, {{}, {{2, 3}, {3, 3}}, {{2, 3}, {2}}},
                     Index{-1});
  const std::vector<std::array<Index, 3>> parts{{1, 2, 1}, {4, 3, -2}};
  std::vector<Slice<float>::Axis> narrow;
  std::vector<Slice<double>::Axis> wide;
  for (const auto& [start, length, step] : parts)
    narrow.push_back({start, length, step}), wide.push_back({start, length, step});
  table.push_back({.name = "Slice",
                   .in_float = std::make_shared<Slice<float>>(narrow),
                   .in_double = std::make_shared<Slice<double>>(wide),
                   .inputs = {{3, 5}},
                   .refused = {{}, {{3}}, {{3, 4}}, {{2, 5}}}});
  table.push_back(
      {.name = "Slice of all steps",
       .in_float = std::make_shared<Slice<float>>(std::vector<Slice<float>::Axis>{{0, 4, 1}, {3, 2, -2}}),
       .in_double = std::make_shared<Slice<double>>(std::vector<Slice<double>::Axis>{{0, 4, 1}, {3, 2, -2}}),
       .inputs = {{4, 5}},
       .refused = {{}, {{3, 5}}}});
}

void add_gathers(std::vector<LayerRow>& table) {
  for (const auto& [shapes, has_rows, axis] :
       {std::tuple<std::vector<Shape>, std::vector<bool>, Index>{{{4, 3}, {5}}, {true, true}, 0},
        {{{4, 70}, {2, 3}}, {false, true}, 0},
        {{{2, 4}, {3}}, {true, false}, -1},
        {{{4}, {}}, {false, true}, 0}}) {
    LayerRow& row = add<Gather>(table, "Gather", shapes, has_rows, {{}, {{3}}, {Shape{}, {3}}}, axis);
    row.is_flat = {false, true};
    row.domain = [](std::size_t input, double x) { return input == 0 ? x : std::floor(2 * x); };  // -4 ... 3
  }
}

}  // namespace

void add_operators(std::vector<LayerRow>& table) {
  add_pointwise(table);
  add_reductions(table);
  add_products(table);
  add_rearrangements(table);
  add_gathers(table);
}

}  // namespace nncpp::testing
