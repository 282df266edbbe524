#include "contract.hpp"

#include <optional>

#include "activations.hpp"
#include "contract_parts.hpp"
#include "nncpp/error.hpp"
#include "numerical.hpp"
#include "sources.hpp"

namespace nncpp::testing {
namespace {

constexpr std::size_t kEntries = 48;  // of each gradient that are compared with differences
constexpr std::uint64_t kMostSeeds = 200;

bool is_flat(const LayerRow& row, std::size_t argument) {
  return argument < row.is_flat.size() && row.is_flat[argument];
}

bool has_both_signs(std::span<const double> values) {
  const auto is_negative = [](double x) { return x < 0; };
  return std::any_of(values.begin(), values.end(), is_negative) &&
         !std::all_of(values.begin(), values.end(), is_negative);
}

// A run whose inputs lie on both sides of zero, and on both sides of every kink but not close to it.
std::optional<LayerRun<double>> differentiable_run(const LayerRow& row, Index n) {
  for (std::uint64_t seed = kSeed; seed < kSeed + kMostSeeds; ++seed) {
    LayerRun<double> run = run_of<double>(row, n, seed);
    bool fits = row.domain || std::all_of(run.inputs.begin(), run.inputs.end(),
                                          [](auto& u) { return u.values().size() == 1 || has_both_signs(u.values()); });
    for (const double kink : kinks(row.in_double->output_activation())) {
      run.forward(Mode::kInference, kKey, true);
      const auto z = run.output.values();
      const auto is_close = [&](double x) { return std::abs(x - kink) < kKinkDistance; };
      fits = fits && (z.size() == 1 || has_both_signs(z)) && std::none_of(z.begin(), z.end(), is_close);
    }
    if (row.kink_distance) fits = fits && row.kink_distance(run) >= kKinkDistance;
    if (fits) return run;
  }
  return std::nullopt;
}

void compare_gradients(const LayerRow& row, LayerRun<double>& run, Mode mode, bool is_linear, const std::string& what,
                       Failures& failures) {
  run.forward(mode, kKey, is_linear);
  run.backward(mode, kKey, is_linear);
  const std::vector<double> c = run.doutput.copy();
  const auto loss = [&] {
    run.forward(mode, kKey, is_linear);
    return weighted_sum(run.output.values(), c);
  };
  const auto gradients = run.gradients();
  const auto arguments = run.arguments();
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const auto x = arguments[i]->values();
    const auto dx = gradients[i]->values();
    const bool is_zero = std::all_of(dx.begin(), dx.end(), [](double g) { return g == 0; });
    if (is_zero != is_flat(row, i))
      failures.push_back(text(what, ": gradient ", i, is_zero ? " is all zero" : " is not zero"));
    if (is_flat(row, i)) continue;
    const std::size_t stride = (x.size() + kEntries - 1) / kEntries;
    for (std::size_t j = 0; j < x.size(); j += stride) {
      const double expected = central_difference(x[j], loss);
      if (relative_error(dx[j], expected, kGradientFloor) > kGradient)
        failures.push_back(text(what, ": gradient ", i, "[", j, "] is ", dx[j], ", by differences ", expected));
    }
  }
}

// two nodes of one layer on the same inputs, both outputs of a plan with all gradients
template <typename T>
struct Twins {
  explicit Twins(const LayerRow& row) {
    const std::vector<int> ids = add_inputs(row, graph);
    nodes = {graph.add(layer<T>(row), ids, "first"), graph.add(layer<T>(row), ids, "second")};
  }
  const Node<T>& node(int k) const {
    return graph.nodes()[static_cast<std::size_t>(nodes[static_cast<std::size_t>(k)])];
  }

  Graph<T> graph;
  std::vector<int> nodes;
};

}  // namespace

template <typename T>
Failures check_output_shape(const LayerRow& row) {
  Failures failures;
  for (const Index n : {Index{1}, kBatch}) {
    for (const Mode mode : kModes) {
      LayerRun<T> run = run_of<T>(row, n, kSeed);
      std::vector<std::vector<T>> before;
      for (auto* block : run.arguments()) before.push_back(block->copy());
      run.forward(mode, kKey);
      const std::vector<T> v = run.output.copy(), dv = run.doutput.copy();
      run.backward(mode, kKey);

      const auto is_nan = [](T x) { return std::isnan(x); };
      const std::string what = text("batch of ", n, " in ", to_string(mode));
      if (!run.has_guards()) failures.push_back(what + ": written past the end of an array");
      if (std::any_of(v.begin(), v.end(), is_nan)) failures.push_back(what + ": output not written whole");
      for (auto* gradient : run.gradients()) {
        if (std::any_of(gradient->values().begin(), gradient->values().end(), is_nan))
          failures.push_back(what + ": gradient not written whole");
      }
      bool is_unchanged = same_bits(v, run.output.copy()) && same_bits(dv, run.doutput.copy());
      const auto arguments = run.arguments();
      for (std::size_t i = 0; i < arguments.size(); ++i)
        is_unchanged = is_unchanged && same_bits(before[i], arguments[i]->copy());
      if (!is_unchanged) failures.push_back(what + ": inputs, weights, output or doutput changed");
    }
  }
  return failures;
}

Failures check_gradients(const LayerRow& row) {
  Failures failures;
  for (const Index n : {Index{1}, kBatch}) {
    auto run = differentiable_run(row, n);
    if (!run) return {"no inputs found away from kinks"};
    for (const Mode mode : kModes) {
      for (const bool is_linear : {false, true})
        compare_gradients(row, *run, mode, is_linear,
                          text("batch of ", n, " in ", to_string(mode), is_linear ? ", linear" : ""), failures);
    }
  }
  return failures;
}

Failures check_float_against_double(const LayerRow& row) {
  Failures failures;
  auto seed = kSeed;
  for (const Mode mode : kModes) {
    LayerRun<float> narrow = run_of<float>(row, kBatch, seed);
    LayerRun<double> wide = run_of<double>(row, kBatch, seed);
    narrow.forward(mode, kKey), narrow.backward(mode, kKey);
    wide.forward(mode, kKey), wide.backward(mode, kKey);
    const auto compare = [&](const Block<float>& a, const Block<double>& b, const std::string& what) {
      const double error = largest_error(a.values(), b.values());
      if (error > Tolerance<float>::kPass)
        failures.push_back(text(what, " in ", to_string(mode), " differs by ", error));
    };
    compare(narrow.output, wide.output, "output");
    const auto narrow_gradients = narrow.gradients();
    const auto wide_gradients = wide.gradients();
    for (std::size_t i = 0; i < wide_gradients.size(); ++i)
      compare(*narrow_gradients[i], *wide_gradients[i], text("gradient ", i));
  }
  return failures;
}

template <typename T>
Failures check_gradients_add(const LayerRow& row) {
  Failures failures;
  const Mode mode = Mode::kTraining;

  LayerRun<T> run = run_of<T>(row, kBatch, kSeed);
  run.forward(mode, kKey);
  run.backward(mode, kKey);
  std::vector<std::vector<T>> expected;
  for (auto* gradient : run.gradients()) {
    expected.push_back(gradient->copy());
    fill_random<T>(gradient->values(), kSeed);
    const auto base = gradient->values();
    for (std::size_t j = 0; j < base.size(); ++j) expected.back()[j] += base[j];
  }
  run.backward(mode, kKey, false, Write::kAdd);
  const auto gradients = run.gradients();
  for (std::size_t i = 0; i < gradients.size(); ++i) {
    const double error = largest_error(gradients[i]->values(), expected[i]);
    if (error > Tolerance<T>::kPass) failures.push_back(text("gradient ", i, " added differs by ", error));
  }

  // the same layer twice in a graph: both runs write to the same dinputs and dweights
  const Twins<T> twins(row);
  Buffer<T> theta(twins.graph.theta_size()), state(twins.graph.state_size()), next_state(twins.graph.state_size());
  Buffer<T> dtheta(twins.graph.theta_size());
  Plan<T> plan(twins.graph,
               {.capacity = kBatch,
                .has_backward = true,
                .has_input_gradients = true,
                .outputs = twins.nodes,
                .is_linear = {false, false}},
               {theta.data(), state.data(), next_state.data(), dtheta.data()});
  std::vector<LayerRun<T>> single;
  for (int k = 0; k < 2; ++k) single.push_back(run_of<T>(row, kBatch, kSeed));
  fill_random<T>(single[1].doutput.values(), kSeed + 100);

  const auto& graph = twins.graph;
  const auto arrays = static_cast<std::size_t>(std::count(row.has_rows.begin(), row.has_rows.end(), false));
  for (std::size_t i = 0; i < single[0].weights.size(); ++i)
    copy(single[0].weights[i].tensor(), view(graph.segments()[arrays + i], theta.data()));
  for (std::size_t i = 0; i < graph.states().size(); ++i)
    copy(single[0].state[i].tensor(), view(graph.states()[i], state.data()));
  plan.set_batch(kBatch);
  // where the graph has input i of the layer, or its gradient
  const auto input = [&](std::size_t i, bool is_gradient) -> Tensor<T> {
    int place = 0;
    for (std::size_t j = 0; j < i; ++j) place += has_rows(row, j) == has_rows(row, i);
    if (has_rows(row, i)) return is_gradient ? plan.input_gradient(place) : plan.input(place);
    return view(graph.segments()[static_cast<std::size_t>(place)], is_gradient ? dtheta.data() : theta.data());
  };
  for (std::size_t i = 0; i < row.inputs.size(); ++i) {
    if (kind_of_input(row, i) != InputKind::kNumbers)
      set_input<T>(row, plan, static_cast<int>(i), single[0].inputs[i].values());
    else
      copy(single[0].inputs[i].tensor(), input(i, false));
  }
  plan.touch();
  const Pass pass{kBatch, mode, kKey.seed, kKey.step, {.epoch = kKey.step}};  // as LayerRun has it
  plan.forward(pass);
  for (int k = 0; k < 2; ++k) {
    auto& alone = single[static_cast<std::size_t>(k)];
    const RandomKey key{kKey.seed, twins.node(k).stream, kKey.step};
    alone.forward(mode, key), alone.backward(mode, key);
    if (!same_bits(std::span(plan.output(k).begin(), plan.output(k).end()), alone.output.values()))
      failures.push_back(text("output ", k, " of the graph is not what the layer alone gives"));
  }
  for (int k = 0; k < 2; ++k) copy(single[static_cast<std::size_t>(k)].doutput.tensor(), plan.output_gradient(k));
  plan.backward(pass);
  const auto compare = [&](Tensor<T> got, const Block<T>& first, const Block<T>& second, const std::string& what) {
    std::vector<T> sum = first.copy();
    for (std::size_t j = 0; j < sum.size(); ++j) sum[j] += second.values()[j];
    const double error = largest_error(std::span(got.begin(), got.end()), sum);
    if (error > Tolerance<T>::kPass) failures.push_back(text(what, " of two consumers differs by ", error));
  };
  for (std::size_t i = 0; i < row.inputs.size(); ++i)
    if (kind_of_input(row, i) == InputKind::kNumbers)
      compare(input(i, true), single[0].dinputs[i], single[1].dinputs[i], text("input gradient ", i));
  for (std::size_t i = 0; i < single[0].weights.size(); ++i)
    compare(view(graph.segments()[arrays + i], dtheta.data()), single[0].dweights[i], single[1].dweights[i],
            graph.segments()[arrays + i].name);
  return failures;
}

template <typename T>
Failures check_unwanted_gradients(const LayerRow& row) {
  Failures failures;
  LayerRun<T> run = run_of<T>(row, kBatch, kSeed);
  run.forward(Mode::kTraining, kKey);
  run.backward(Mode::kTraining, kKey);
  const auto gradients = run.gradients();
  for (std::size_t wanted = 0; wanted < gradients.size(); ++wanted) {
    const std::vector<T> expected = gradients[wanted]->copy();
    gradients[wanted]->forget();
    std::vector<Gradient<T>> du(run.dinputs.size()), dw(run.dweights.size());
    (wanted < du.size() ? du[wanted] : dw[wanted - du.size()]).to = gradients[wanted]->tensor();
    run.backward(Mode::kTraining, kKey, false, du, dw);
    if (!same_bits(gradients[wanted]->copy(), expected))
      failures.push_back(text("gradient ", wanted, " wanted alone has other bits"));
  }
  return failures;
}

Failures check_many_rows(const LayerRow& row) {
  constexpr Index kRows = 600, kPart = 100;
  Failures failures;
  const Mode mode = row.is_random || row.couples_rows ? Mode::kInference : Mode::kTraining;
  LayerRun<double> whole = run_of<double>(row, kRows, kSeed), part = run_of<double>(row, kPart, kSeed);
  if (whole.output.shape()[0] != kRows) return {};  // of arrays alone
  whole.forward(mode), whole.backward(mode);
  for (std::size_t i = 0; i < part.weights.size(); ++i) copy(whole.weights[i].tensor(), part.weights[i].tensor());
  for (std::size_t i = 0; i < part.state.size(); ++i) copy(whole.state[i].tensor(), part.state[i].tensor());
  // those of some rows of an array that has rows, and all of one that has none
  const auto rows = [](Block<double>& block, Index first) {
    const auto size = block.values().size() / kRows * kPart;
    return block.shape()[0] == kRows ? block.values().subspan(static_cast<std::size_t>(first) / kPart * size, size)
                                     : block.values();
  };
  const auto gradients = whole.gradients(), parts = part.gradients();
  std::vector<std::vector<double>> sums(gradients.size());
  for (std::size_t i = 0; i < gradients.size(); ++i)
    if (i >= whole.inputs.size() || gradients[i]->shape()[0] != kRows) sums[i].resize(gradients[i]->values().size());
  for (Index first = 0; first < kRows; first += kPart) {
    for (std::size_t i = 0; i < part.inputs.size(); ++i)
      std::ranges::copy(rows(whole.inputs[i], first), part.inputs[i].data());
    std::ranges::copy(rows(whole.doutput, first), part.doutput.data());
    part.forward(mode), part.backward(mode);
    for (std::size_t i = 0; i < gradients.size(); ++i) {
      for (std::size_t j = 0; j < sums[i].size(); ++j) sums[i][j] += parts[i]->values()[j];
      if (!sums[i].empty()) continue;
      const double error = largest_error(rows(*gradients[i], first), parts[i]->values());
      if (error > Tolerance<double>::kPass)
        failures.push_back(text("gradient ", i, " of many rows differs by ", error));
    }
  }
  for (std::size_t i = 0; i < gradients.size(); ++i) {
    if (sums[i].empty()) continue;
    const double error = largest_error(gradients[i]->values(), sums[i]);
    if (error > Tolerance<double>::kSteps) failures.push_back(text("sum ", i, " over many rows differs by ", error));
  }
  return failures;
}

#define NNCPP_INSTANTIATE(T)                                 \
  template Failures check_output_shape<T>(const LayerRow&);  \
  template Failures check_gradients_add<T>(const LayerRow&); \
  template Failures check_unwanted_gradients<T>(const LayerRow&);
NNCPP_INSTANTIATE(float)
NNCPP_INSTANTIATE(double)
#undef NNCPP_INSTANTIATE

}  // namespace nncpp::testing
