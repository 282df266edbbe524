// Layers on sequences of different lengths: the contract, that it finds mistakes, and random numbers.
#include <doctest/doctest.h>

#include <set>

#include "contract.hpp"
#include "layer_run.hpp"
#include "nncpp/error.hpp"
#include "nncpp/layers/dropout.hpp"
#include "nncpp/layers/gaussian_noise.hpp"
#include "nncpp/plan.hpp"

namespace nncpp::testing {
namespace {

TEST_CASE_TEMPLATE("layers: packed sequences are what each gives alone, in every layer that takes them", T, float,
                   double) {
  for (const LayerRow& row : layer_table())
    for (const std::string& failure : check_lengths<T>(row)) FAIL_CHECK(row.name << ": " << failure);
}

TEST_CASE("layers: each kind that takes lengths has a row with a time axis") {
  std::set<std::string> kinds, checked;
  for (const LayerRow& row : layer_table()) {
    if (row.in_double->steps() != Steps::kMixes) kinds.insert(row.in_double->kind());
    if (takes_lengths(row)) checked.insert(row.in_double->kind());
  }
  CHECK(kinds == checked);
}

// v = mean over the steps of a sequence, right or with one mistake in it
enum class Fault {
  kNone,
  kWholeLength,    // divides by T
  kRankForSample,  // takes ranks for samples
  kLastStep,       // leaves the last step of a packed sequence out
  kWholeGradient,  // du = dv / T
  kEachStep,       // says that it takes each step by itself, and adds the step before
};

template <typename T>
class LoopMean final : public Layer<T> {
 public:
  explicit LoopMean(Fault fault) : fault_(fault) {}

  std::string kind() const override { return "LoopMean"; }
  Steps steps() const override { return fault_ == Fault::kEachStep ? Steps::kEach : Steps::kReads; }
  bool keeps_steps() const override { return false; }
  Shape output_shape(std::span<const Shape> inputs) const override {
    return fault_ == Fault::kEachStep ? inputs[0] : Shape{inputs[0][1]};
  }

  void forward(const Forward<T>& pass) const override {
    const Tensor<const T>& u = pass.inputs[0];
    std::fill(pass.output.begin(), pass.output.end(), T(0));
    if (fault_ == Fault::kEachStep) {
      const Index D = u.columns();
      for (Index i = 0; i < u.size(); ++i) pass.output.data[i] = u.data[i] + (i < D ? T(0) : u.data[i - D]);
      return;
    }
    for_each(*pass.sequences, u.columns(),
             [&](Index at, Index to, T weight, T) { pass.output.data[to] += weight * u.data[at]; });
  }

  void backward(const Backward<T>& pass) const override {
    const Tensor<T>& du = pass.dinputs[0].to;
    std::fill(du.begin(), du.end(), T(0));
    if (fault_ == Fault::kEachStep) return;
    for_each(*pass.sequences, du.columns(),
             [&](Index at, Index to, T, T weight) { du.data[at] = weight * pass.doutput.data[to]; });
  }

 private:
  // f(place in u, place in v, weight in v, weight in du)
  template <typename F>
  void for_each(const Sequences& s, Index D, F f) const {
    const T whole = T(1) / static_cast<T>(s.steps());
    for (Index rank = 0; rank < s.count(); ++rank) {
      const Index sample = fault_ == Fault::kRankForSample ? rank : s.sample(rank), length = s.length(rank);
      const T part = T(1) / static_cast<T>(length);
      for (Index t = 0; t < length - (s.is_packed() && fault_ == Fault::kLastStep); ++t)
        for (Index d = 0; d < D; ++d)
          f(s.row(rank, t) * D + d, sample * D + d, fault_ == Fault::kWholeLength ? whole : part,
            fault_ == Fault::kWholeGradient ? whole : part);
    }
  }

  Fault fault_;
};

LayerRow loop_mean(Fault fault) {
  return {"LoopMean", std::make_shared<LoopMean<float>>(fault), std::make_shared<LoopMean<double>>(fault), {{5, 3}}};
}

TEST_CASE("layers: a right mean of packed sequences passes, and no wrong one does") {
  CHECK(check_lengths<double>(loop_mean(Fault::kNone)).empty());
  CHECK(check_lengths<float>(loop_mean(Fault::kNone)).empty());
  for (const Fault fault :
       {Fault::kWholeLength, Fault::kRankForSample, Fault::kLastStep, Fault::kWholeGradient, Fault::kEachStep}) {
    CAPTURE(static_cast<int>(fault));
    CHECK_FALSE(check_lengths<double>(loop_mean(fault)).empty());
  }
}

// v of a layer in training, of sequences of ones (N, T, D): packed, and unpacked again
template <typename T>
std::vector<T> trained(std::shared_ptr<const Layer<T>> layer, Index steps, Index columns,
                       const std::vector<Index>& lengths, const std::vector<Index>& rows) {
  Graph<T> graph;
  graph.input({steps, columns}, "x");
  graph.add(std::move(layer), {0}, "layer");
  const auto n = static_cast<Index>(rows.size());
  Plan<T> plan(graph, {.capacity = n, .outputs = {1}, .is_linear = {false}}, {});
  if (lengths.empty())
    plan.set_batch(n);
  else
    plan.set_batch(lengths);
  std::fill(plan.input(0).begin(), plan.input(0).end(), T(1));
  plan.forward({n, Mode::kTraining, 1, 2, {rows, 3}});
  std::vector<T> v(static_cast<std::size_t>(n * steps * columns));
  if (lengths.empty())
    std::copy(plan.output(0).begin(), plan.output(0).end(), v.begin());
  else
    plan.output_sequences(0)->unpack(plan.output(0).data, columns, v.data());
  return v;
}

TEST_CASE_TEMPLATE("layers: noise and dropped channels are the same with and without lengths", T, float, double) {
  const std::vector<Index> lengths{2, 7, 7, 1, 5}, rows{4, 11, 0, 3, 8};
  const std::shared_ptr<const Layer<T>> layers[] = {std::make_shared<GaussianNoise<T>>(0.5),
                                                    std::make_shared<Dropout<T>>(0.5, Dropped::kChannelsOfSequences)};
  for (const auto& layer : layers)
    for (const Index columns : {1, 3, 8, 1031}) {
      CAPTURE(layer->kind());
      CAPTURE(columns);
      const auto packed = trained<T>(layer, 7, columns, lengths, rows), whole = trained<T>(layer, 7, columns, {}, rows);
      double largest = 0, changed = 0;
      for (std::size_t i = 0; i < packed.size(); ++i) {
        const auto at = static_cast<Index>(i) / columns;
        const bool counts = at % 7 < lengths[static_cast<std::size_t>(at / 7)];
        largest = std::max(largest, relative_error(packed[i], counts ? whole[i] : T(0), 1));
        changed += counts && packed[i] != T(1);
      }
      CHECK(largest <= Tolerance<T>::kElement);
      CHECK(changed > 0);
    }
}

}  // namespace
}  // namespace nncpp::testing
