// Bidirectional against its two directions alone.
#include <doctest/doctest.h>

#include "nncpp/layers/bidirectional.hpp"
#include "recurrent_net.hpp"

namespace nncpp::testing {
namespace {

template <typename T>
std::shared_ptr<const Bidirectional<T>> both(Cell cell, RecurrentOptions options, Merge merge) {
  auto forward = layer_of<T>(cell, options);
  options.is_reverse = true;
  return std::make_shared<Bidirectional<T>>(forward, layer_of<T>(cell, options), merge);
}

TEST_CASE("bidirectional: two layers with their own weights, merged; gradients are those of each") {
  const auto n = static_cast<Index>(kLengths.size());
  for (const Cell cell : kCells)
    for (const Merge merge : {Merge::kConcat, Merge::kSum, Merge::kProduct, Merge::kAverage})
      for (const bool returns_sequences : {false, true})
        for (const auto& lengths : {std::vector<Index>{}, kLengths}) {
          CAPTURE(static_cast<int>(cell));
          CAPTURE(static_cast<int>(merge));
          const RecurrentOptions options{.units = kUnits, .returns_sequences = returns_sequences};
          RecurrentOptions reverse = options;
          reverse.is_reverse = true;
          Net<double> net(both<double>(cell, options, merge), n, 0);
          Net<double> one[] = {{layer_of<double>(cell, options), n, 0}, {layer_of<double>(cell, reverse), n, 0}};
          const std::size_t count = one[0].graph.segments().size();
          REQUIRE(net.graph.segments().size() == 2 * count);
          net.set(lengths);
          net.run();
          const auto v = net.plan->output(0), dv = Tensor<const double>(net.plan->output_gradient(0));
          for (std::size_t d = 0; d < 2; ++d) {
            for (std::size_t i = 0; i < count; ++i) {
              const Segment &from = net.graph.segments()[d * count + i], &to = one[d].graph.segments()[i];
              CHECK(from.name == "layer/" + std::string(d == 0 ? "forward_" : "backward_") + to.name.substr(6));
              std::copy_n(view(from, net.theta.data()).data, numel(to.shape), view(to, one[d].theta.data()).data);
            }
            one[d].set(lengths);
            one[d].plan->forward({n, Mode::kTraining, 5, 0});
          }
          const Tensor<const double> f = one[0].plan->output(0), b = one[1].plan->output(0);
          double of_output = 0;
          for (Index i = 0; i < f.size(); ++i) {
            const Index row = i / kUnits, j = i % kUnits, K = v.columns();
            const double x = f.data[i], y = b.data[i], g = dv.data[row * K + j];
            double *const df = one[0].plan->output_gradient(0).data + i, *const db =
                                                                             one[1].plan->output_gradient(0).data + i;
            *df = merge == Merge::kProduct ? g * y : merge == Merge::kAverage ? g / 2 : g;
            *db = merge == Merge::kProduct   ? g * x
                  : merge == Merge::kAverage ? g / 2
                  : merge == Merge::kConcat  ? dv.data[row * K + kUnits + j]
                                             : g;
            const double expected = merge == Merge::kProduct   ? x * y
                                    : merge == Merge::kAverage ? (x + y) / 2
                                    : merge == Merge::kSum     ? x + y
                                                               : x;
            of_output = std::max(of_output, relative_error(v.data[row * K + j], expected, 1));
            if (merge == Merge::kConcat)
              of_output = std::max(of_output, relative_error(v.data[row * K + kUnits + j], y, 1));
          }
          CHECK(of_output <= kExact);
          for (auto& direction : one) direction.plan->backward({n, Mode::kTraining, 5, 0});
          for (std::size_t i = 0; i < 2 * count; ++i) {
            auto& direction = one[i / count];
            const auto got = view(net.graph.segments()[i], net.dtheta.data());
            const auto expected = view(direction.graph.segments()[i % count], direction.dtheta.data());
            CHECK(largest_error(got, expected) <= kExact);
          }
          const auto du = net.plan->input_gradient(0);
          std::vector<double> sum(du.begin(), du.end());
          for (std::size_t i = 0; i < sum.size(); ++i)
            sum[i] = one[0].plan->input_gradient(0).data[i] + one[1].plan->input_gradient(0).data[i];
          CHECK(largest_error(du, sum) <= kExact);
        }
}

TEST_CASE("bidirectional: the two directions drop by masks of their own") {
  Net<double> net(both<double>(Cell::kSimple, {.units = kUnits, .dropout = 0.5}, Merge::kConcat), 64, 0, 1);
  net.set({});
  const auto& segments = net.graph.segments();
  std::copy_n(view(segments[0], net.theta.data()).data, kInputs * kUnits, view(segments[3], net.theta.data()).data);
  std::copy_n(view(segments[2], net.theta.data()).data, kUnits, view(segments[5], net.theta.data()).data);
  net.run(Mode::kInference);
  const auto v = net.plan->output(0);
  const auto is_same = [&] { return same_bits(std::span(v.data, kUnits), std::span(v.data + kUnits, kUnits)); };
  CHECK(is_same());
  net.run();
  Index differs = 0;
  for (Index i = 0; i < 64; ++i)
    differs += !same_bits(std::span(v.data + 2 * i * kUnits, kUnits), std::span(v.data + (2 * i + 1) * kUnits, kUnits));
  CHECK(differs > 32);
}

TEST_CASE("bidirectional: directions that do not belong together are refused") {
  const auto one = [](Cell cell, const RecurrentOptions& options) { return layer_of<float>(cell, options); };
  const RecurrentOptions back{.units = 4, .is_reverse = true};
  const auto refuse = [&](const auto& forward, const auto& backward) {
    CHECK_THROWS_AS(Bidirectional<float>(forward, backward, Merge::kSum), DataError);
  };
  refuse(one(Cell::kLSTM, {.units = 4}), one(Cell::kGRU, back));
  refuse(one(Cell::kLSTM, {.units = 4}), one(Cell::kLSTM, {.units = 4}));
  refuse(one(Cell::kLSTM, back), one(Cell::kLSTM, back));
  refuse(one(Cell::kLSTM, {.units = 5}), one(Cell::kLSTM, back));
  refuse(one(Cell::kLSTM, {.units = 4, .returns_sequences = true}), one(Cell::kLSTM, back));
  refuse(one(Cell::kLSTM, {.units = 4, .num_streams = 3}), one(Cell::kLSTM, back));
  refuse(one(Cell::kLSTM, {.units = 4, .returns_state = true}), one(Cell::kLSTM, back));
  CHECK(merge_from_name("average") == Merge::kAverage);
  CHECK_THROWS_WITH_AS(merge_from_name("mean"), "merge: expected one of concat, sum, product, average; got 'mean'",
                       DataError);
}

}  // namespace
}  // namespace nncpp::testing
