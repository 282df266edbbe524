// Outputs that are their inputs under another shape: no copy, no memory, and the bits of a plan that copies.
#include <doctest/doctest.h>

#include <set>

#include "nncpp/error.hpp"
#include "nncpp/layers/arithmetic.hpp"
#include "nncpp/layers/conv2d.hpp"
#include "nncpp/layers/dense.hpp"
#include "nncpp/layers/dropout.hpp"
#include "nncpp/layers/rearrangement.hpp"
#include "nncpp/layers/variable.hpp"
#include "nncpp/plan.hpp"
#include "numerical.hpp"
#include "samples.hpp"

namespace nncpp::testing {
namespace {

constexpr Index kBatch = 3;

// What it is, to a plan: a Reshape with a backward of its own, or one that is never asked for anything.
enum class Kind { kView, kCopy, kUntouched };

template <typename T>
class Reshaped final : public Layer<T> {
 public:
  Reshaped(std::vector<Index> axes, Kind kind) : reshape_(std::move(axes)), kind_(kind) {}
  std::string kind() const override { return reshape_.kind(); }
  bool is_operator() const override { return true; }
  Shape output_shape(std::span<const Shape> inputs) const override { return reshape_.output_shape(inputs); }
  bool is_view() const override { return kind_ != Kind::kCopy; }
  bool backward_reads_inputs() const override { return false; }
  bool backward_reads_output() const override { return false; }
  void forward(const Forward<T>& pass) const override { touched().forward(pass); }
  void backward(const Backward<T>& pass) const override { touched().backward(pass); }

 private:
  const Reshape<T>& touched() const {
    if (kind_ == Kind::kUntouched) FAIL("a plan calls a view");
    return reshape_;
  }

  Reshape<T> reshape_;
  Kind kind_;
};

// A graph in which the reshapes are of one kind.
template <typename T>
struct Built {
  explicit Built(Kind kind_) : kind(kind_) {}

  int input(const Shape& sample) { return graph.input(sample, text("input_", graph.nodes().size())); }
  int add(std::shared_ptr<const Layer<T>> layer, const std::vector<int>& inputs) {
    return graph.add(std::move(layer), inputs, text("node_", graph.nodes().size()));
  }
  int dense(int u, Index units = 4) {
    return add(std::make_shared<Dense<T>>(
                   typename Dense<T>::Options{.units = units, .activation = Activation::kTanh, .use_bias = false}),
               {u});
  }
  int conv(int u, std::array<Index, 2> size = {2, 2}, Index filters = 3) {
    typename Conv2D<T>::Options options{.filters = filters, .activation = Activation::kTanh};
    options.window.size = size;
    return add(std::make_shared<Conv2D<T>>(options), {u});
  }
  int reshape(int u, std::vector<Index> axes = {-1}) {
    return add(std::make_shared<Reshaped<T>>(std::move(axes), kind), {u});
  }
  int plus(int u, int v) { return add(std::make_shared<Arithmetic<T>>("Add"), {u, v}); }
  int variable(const Shape& shape) { return add(std::make_shared<Variable<T>>(shape), {}); }
  int dropout(int u) { return add(std::make_shared<Dropout<T>>(0.5), {u}); }

  Kind kind;
  Graph<T> graph;
};

// What it builds, in words; the nodes that are outputs come back.
template <typename T>
struct Case {
  const char* name;
  std::function<std::vector<int>(Built<T>&)> build;
};

template <typename T>
std::vector<Case<T>> cases() {
  using B = Built<T>;
  const auto convolved = [](B& b) { return b.conv(b.input({3, 4, 2})); };
  const auto hidden = [](B& b) { return b.dense(b.input({5}), 6); };
  return {
      {"between a convolution and a product", [=](B& b) { return std::vector{b.dense(b.reshape(convolved(b)))}; }},
      {"a view of a view", [=](B& b) { return std::vector{b.dense(b.reshape(b.reshape(hidden(b), {2, 3})))}; }},
      {"its input has a second reader, behind it",
       [=](B& b) {
         const int h = hidden(b), v = b.reshape(h, {3, 2});
         return std::vector{b.dense(v), b.dense(h)};
       }},
      {"its input has a second reader, before it",
       [=](B& b) {
         const int h = hidden(b), other = b.dense(h), v = b.reshape(h, {3, 2});
         return std::vector{b.dense(v), other};
       }},
      {"its input is read twice by one node",
       [=](B& b) {
         const int h = hidden(b), v = b.reshape(h, {3, 2});
         return std::vector{b.dense(v), b.plus(h, h)};
       }},
      {"its input is an output",
       [=](B& b) {
         const int h = hidden(b);
         return std::vector{b.dense(b.reshape(h, {3, 2})), h};
       }},
      {"it is an output", [=](B& b) { return std::vector{b.reshape(hidden(b), {2, 3})}; }},
      {"it is an output and is read",
       [=](B& b) {
         const int v = b.reshape(hidden(b), {2, 3});
         return std::vector{v, b.dense(v)};
       }},
      {"its input and it are outputs",
       [=](B& b) {
         const int h = hidden(b);
         return std::vector{h, b.reshape(h, {2, 3})};
       }},
      {"a view of a view that is an output",
       [=](B& b) {
         const int v = b.reshape(hidden(b), {2, 3});
         return std::vector{v, b.dense(b.reshape(v))};
       }},
      {"two views of one node",
       [=](B& b) {
         const int h = hidden(b), first = b.reshape(h, {2, 3}), second = b.reshape(h, {3, 2});
         return std::vector{b.dense(first), b.dense(second)};
       }},
      {"it has several readers",
       [=](B& b) {
         const int v = b.reshape(convolved(b));
         return std::vector{b.dense(v), b.dense(v), b.plus(v, v)};
       }},
      {"of an input", [=](B& b) { return std::vector{b.dense(b.reshape(b.input({2, 3})))}; }},
      {"of an input, and an output", [=](B& b) { return std::vector{b.reshape(b.input({2, 3}))}; }},
      {"of an input with a second reader",
       [=](B& b) {
         const int x = b.input({2, 3});
         return std::vector{b.dense(b.reshape(x)), b.dense(x)};
       }},
      {"of an input, and no output needs it",
       [=](B& b) {
         b.reshape(b.input({2, 3}));
         return std::vector{b.dense(b.dense(b.input({4})))};
       }},
      {"of an array", [=](B& b) { return std::vector{b.plus(b.reshape(b.variable({6}), {2, 3}), b.input({2, 3}))}; }},
      {"before a layer that reads neither u nor v",
       [=](B& b) { return std::vector{b.dense(b.dropout(b.reshape(b.dropout(hidden(b)), {3, 2})))}; }},
      {"behind many others",
       [=](B& b) {
         int h = b.input({6});
         for (int i = 0; i < 5; ++i)
           h = b.dense(b.reshape(b.dense(h, 6), i % 2 == 0 ? std::vector<Index>{6} : std::vector<Index>{-1}), 6);
         return std::vector{h};
       }},
  };
}

// What a plan is for.
struct Purpose {
  bool has_backward = false, has_input_gradients = false, keeps_values = false;
};

constexpr Purpose kPurposes[] = {{}, {true}, {true, true}};

// A case with its vectors and a plan.
template <typename T>
class Run {
 public:
  Run(const Case<T>& example, Kind kind, const Purpose& purpose)
      : purpose_(purpose),
        built_(kind),
        outputs_(example.build(built_)),
        theta_(built_.graph.theta_size()),
        dtheta_(theta_.size()),
        plan_(built_.graph,
              {.capacity = kBatch,
               .has_backward = purpose.has_backward,
               .has_input_gradients = purpose.has_input_gradients,
               .keeps_values = purpose.keeps_values,
               .outputs = outputs_,
               .is_linear = std::vector<bool>(outputs_.size())},
              {.theta = theta_.data(), .dtheta = purpose.has_backward ? dtheta_.data() : nullptr}) {
    for (const Segment& segment : built_.graph.segments()) {
      const Tensor<T> w = view(segment, theta_.data());
      fill_random<T>({w.begin(), w.end()}, 1, 0.5);
    }
  }

  // outputs and gradients of one pass over inputs and output gradients of that seed
  std::vector<T> results(Index n, std::uint64_t seed) {
    const Pass pass{n, Mode::kTraining, 5, static_cast<std::uint32_t>(seed)};
    std::vector<T> all;
    const auto take = [&](const auto& tensor) { all.insert(all.end(), tensor.begin(), tensor.end()); };
    const auto put = [&](const Tensor<T>& tensor) {
      if (tensor.data != nullptr) fill_random<T>({tensor.begin(), tensor.end()}, ++seed);
    };
    plan_.set_batch(n);
    const int inputs = static_cast<int>(
        std::ranges::count_if(built_.graph.nodes(), [](const auto& node) { return node.layer == nullptr; }));
    for (int i = 0; i < inputs; ++i) put(plan_.input(i));
    plan_.forward(pass);
    const int count = static_cast<int>(outputs_.size());
    for (int k = 0; k < count; ++k) take(plan_.output(k));
    if (!purpose_.has_backward) return all;
    for (int k = 0; k < count; ++k) put(plan_.output_gradient(k));
    plan_.backward(pass);
    for (const Segment& segment : built_.graph.segments()) take(view(segment, static_cast<const T*>(dtheta_.data())));
    if (purpose_.has_input_gradients)
      for (int i = 0; i < inputs; ++i) take(plan_.input_gradient(i));
    return all;
  }

  Plan<T>& plan() { return plan_; }
  int num_nodes() const { return static_cast<int>(built_.graph.nodes().size()); }

 private:
  Purpose purpose_;
  Built<T> built_;
  std::vector<int> outputs_;
  Buffer<T> theta_, dtheta_;
  Plan<T> plan_;
};

TEST_CASE_TEMPLATE("views: outputs and gradients have the bits of a plan that copies, wherever the view stands", T,
                   float, double) {
  for (const Case<T>& example : cases<T>()) {
    for (const Purpose& purpose : kPurposes) {
      INFO(example.name);
      CAPTURE(purpose.has_backward);
      CAPTURE(purpose.has_input_gradients);
      Run<T> views(example, Kind::kView, purpose), copies(example, Kind::kCopy, purpose);
      for (const Index n : {kBatch, kBatch - 1, kBatch}) {
        const auto seed = static_cast<std::uint64_t>(10 * n);
        CHECK(same_bits(views.results(n, seed), copies.results(n, seed)));
      }
    }
  }
}

TEST_CASE("views: between two layers nothing is called, and nothing takes memory") {
  constexpr Index kUnits = 300;
  // an image of one pixel, so that the product can also do without the view
  const auto network = [](bool is_conv, bool has_view) {
    return Case<float>{"", [=](Built<float>& b) {
                         const int x = b.input({1, 1, 2}), h = is_conv ? b.conv(x, {1, 1}, kUnits) : b.dense(x, kUnits);
                         return std::vector{b.dense(has_view ? b.reshape(h) : h)};
                       }};
  };
  for (const bool is_conv : {true, false}) {
    for (const Purpose& purpose : kPurposes) {
      Run<float> with(network(is_conv, true), Kind::kUntouched, purpose),
          without(network(is_conv, false), Kind::kView, purpose), copied(network(is_conv, true), Kind::kCopy, purpose);
      CHECK(same_bits(with.results(kBatch, 1), without.results(kBatch, 1)));
      CHECK(with.plan().arena_size() == without.plan().arena_size());
      // else the scratch of the convolution's backward is larger, where a copy finds room
      if (!is_conv || !purpose.has_backward) CHECK(with.plan().arena_size() < copied.plan().arena_size());
      CHECK(with.plan().value(1).data == with.plan().value(2).data);
      CHECK(with.plan().value(2).shape == Shape{kBatch, kUnits});
    }
  }
}

TEST_CASE("views: without gradients none is ever called, whoever else reads its input") {
  for (const Case<float>& example : cases<float>()) {
    INFO(example.name);
    Run<float> run(example, Kind::kUntouched, {});
    CHECK_NOTHROW(run.results(kBatch, 1));
  }
}

TEST_CASE("views: a plan that keeps the values keeps them apart, with the same bits") {
  for (const Case<float>& example : cases<float>()) {
    INFO(example.name);
    Run<float> usual(example, Kind::kView, {true, true}), keeping(example, Kind::kView, {true, true, true});
    CHECK(same_bits(usual.results(kBatch, 1), keeping.results(kBatch, 1)));
    std::set<const float*> places;
    for (int node = 0; node < keeping.num_nodes(); ++node) places.insert(keeping.plan().value(node).data);
    CHECK(static_cast<int>(places.size()) == keeping.num_nodes());
  }
}

}  // namespace
}  // namespace nncpp::testing
