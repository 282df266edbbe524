#include "layer_table.hpp"

#include "activations.hpp"
#include "image_table.hpp"
#include "layer_run.hpp"
#include "nncpp/error.hpp"
#include "nncpp/layers/activation.hpp"
#include "nncpp/layers/batch_norm.hpp"
#include "nncpp/layers/dense.hpp"
#include "nncpp/layers/dropout.hpp"
#include "nncpp/layers/embedding.hpp"
#include "nncpp/layers/gaussian_noise.hpp"
#include "nncpp/layers/hierarchical_softmax.hpp"
#include "nncpp/layers/maxout.hpp"
#include "nncpp/layers/prelu.hpp"
#include "nncpp/layers/standardize.hpp"
#include "nncpp/layers/variable.hpp"
#include "nncpp/layers/whiten.hpp"
#include "operator_table.hpp"
#include "reference.hpp"
#include "sequence_table.hpp"

namespace nncpp::testing {
namespace {

// no input, and one too many
std::vector<std::vector<Shape>> all_but_one_input(const Shape& sample) { return {{}, {sample, sample}}; }

void add_dense(std::vector<LayerRow>& table) {
  const auto add = [&](const std::string& name, Activation activation, bool use_bias, Index units,
                       const Shape& sample) {
    table.push_back({name,
                     std::make_shared<Dense<float>>(
                         Dense<float>::Options{.units = units, .activation = activation, .use_bias = use_bias}),
                     std::make_shared<Dense<double>>(
                         Dense<double>::Options{.units = units, .activation = activation, .use_bias = use_bias}),
                     {sample},
                     all_but_one_input(sample)});
  };
  for (const Activation activation : trainable_activations()) {
    const std::string name = text("Dense, ", to_string(activation));
    add(name, activation, true, 3, {4});
    add(name + ", no bias", activation, false, 5, {7});
    add(name + ", rows of rows", activation, true, 2, {3, 5});
    // not exp: its large outputs would drown small gradients in the difference
    if (activation != Activation::kExponential) add(name + ", wide", activation, true, 130, {67});
  }
  add("Dense, one unit", Activation::kSigmoid, true, 1, {1});
}

// rows of a sparse matrix: about a half of the numbers are 0
void add_dense_sparse(std::vector<LayerRow>& table) {
  const auto add = [&](const std::string& name, Activation activation, bool use_bias, Index units, Index columns) {
    table.push_back({text("Dense, sparse rows, ", name),
                     std::make_shared<Dense<float>>(
                         Dense<float>::Options{.units = units, .activation = activation, .use_bias = use_bias}),
                     std::make_shared<Dense<double>>(
                         Dense<double>::Options{.units = units, .activation = activation, .use_bias = use_bias}),
                     {{columns}},
                     all_but_one_input({columns})});
    LayerRow& row = table.back();
    row.kind = InputKind::kSparse;
    row.is_flat = {true};
    row.domain = [](std::size_t, double x) { return x > -0.2 ? x : 0; };
  };
  for (const Index units : {1, 2, 3, 5, 8, 16, 21, 130})
    add(text(units, " units"), Activation::kIdentity, units % 2 == 0, units, 7);
  add("tanh", Activation::kTanh, true, 3, 67);
  add("gelu, no bias", Activation::kGelu, false, 4, 5);
}

void add_embedding(std::vector<LayerRow>& table) {
  const auto add = [&](Index vocabulary, Index dimensions, const Shape& sample) {
    table.push_back({text("Embedding, ", vocabulary, " by ", dimensions, ", ", sample),
                     std::make_shared<Embedding<float>>(
                         Embedding<float>::Options{.vocabulary = vocabulary, .dimensions = dimensions}),
                     std::make_shared<Embedding<double>>(
                         Embedding<double>::Options{.vocabulary = vocabulary, .dimensions = dimensions}),
                     {sample},
                     all_but_one_input(sample)});
    LayerRow& row = table.back();
    row.kind = InputKind::kTokens;
    row.is_flat = {true};
    const auto count = static_cast<double>(vocabulary);
    row.domain = [count](std::size_t, double x) { return std::floor(std::fmod(std::abs(x) * 1000, count)); };
  };
  add(7, 1, {4});
  add(5, 3, {1});
  add(30, 8, {3, 2});
  add(100, 64, {60});
  add(11, 67, {5});
  add(1, 4, {3});
}

void add_activations(std::vector<LayerRow>& table) {
  for (const Activation activation : trainable_activations()) {
    const Index wide = activation == Activation::kHardTanh ? 25 : 257;  // more inputs never all lie away from -1 and 1
    for (const Shape& sample : {Shape{6}, Shape{2, 3, 4}, Shape{wide}}) {
      table.push_back({text("Activation, ", to_string(activation), ", ", sample),
                       std::make_shared<ActivationLayer<float>>(activation),
                       std::make_shared<ActivationLayer<double>>(activation),
                       {sample},
                       all_but_one_input(sample)});
    }
  }
}

void add_batch_norm(std::vector<LayerRow>& table) {
  for (const Shape& sample : {Shape{6}, Shape{67}, Shape{130}, Shape{3, 4}, Shape{5, 2, 3}}) {
    table.push_back({text("BatchNorm, ", sample),
                     std::make_shared<BatchNorm<float>>(BatchNorm<float>::Options{}),
                     std::make_shared<BatchNorm<double>>(BatchNorm<double>::Options{}),
                     {sample},
                     all_but_one_input(sample)});
    table.back().couples_rows = true;
  }
}

void add_dropout(std::vector<LayerRow>& table) {
  for (const double rate : {0.0, 0.2, 0.5, 0.9}) {
    for (const Shape& sample : {Shape{40}, Shape{5, 61}}) {
      table.push_back({text("Dropout, ", rate, ", ", sample),
                       std::make_shared<Dropout<float>>(rate),
                       std::make_shared<Dropout<double>>(rate),
                       {sample},
                       all_but_one_input(sample),
                       rate > 0});
    }
  }
  const auto add_spatial = [&](Dropped dropped, const Shape& sample) {
    table.push_back({text("Dropout, spatial, ", sample),
                     std::make_shared<Dropout<float>>(0.4, dropped),
                     std::make_shared<Dropout<double>>(0.4, dropped),
                     {sample},
                     {{}, {sample, sample}, {{7}}, {sample.batch(3)}},
                     true});
  };
  for (const Shape& sample : {Shape{3, 2, 9}, Shape{4, 5, 67}}) add_spatial(Dropped::kChannelsOfImages, sample);
  for (const Shape& sample : {Shape{5, 11}, Shape{2, 130}}) add_spatial(Dropped::kChannelsOfSequences, sample);
}

void add_gaussian_noise(std::vector<LayerRow>& table) {
  for (const double deviation : {0.0, 0.3, 2.0}) {
    for (const Shape& sample : {Shape{40}, Shape{5, 61}}) {
      table.push_back({text("GaussianNoise, ", deviation, ", ", sample),
                       std::make_shared<GaussianNoise<float>>(deviation),
                       std::make_shared<GaussianNoise<double>>(deviation),
                       {sample},
                       all_but_one_input(sample),
                       deviation > 0});
    }
  }
}

void add_prelu(std::vector<LayerRow>& table) {
  const Initializer normal{Initializer::Kind::kNormal, 0.25, 0.1};
  for (const bool is_shared : {false, true}) {
    for (const Shape& sample : {Shape{6}, Shape{67}, Shape{5, 2, 3}, Shape{257}}) {
      table.push_back({text("PReLU", is_shared ? ", shared, " : ", ", sample),
                       std::make_shared<PReLU<float>>(PReLU<float>::Options{is_shared, normal}),
                       std::make_shared<PReLU<double>>(PReLU<double>::Options{is_shared, normal}),
                       {sample},
                       all_but_one_input(sample)});
    }
  }
}

// a tree whose left sides have a third of the leaves, with the classes in another order
template <typename T>
LayerPointer<T> hierarchical_softmax(Index classes) {
  typename HierarchicalSoftmax<T>::Options options;
  options.weight_initializer.kind = Initializer::Kind::kGlorotUniform;
  for (Index i = 0; i < classes; ++i) options.leaves.push_back((i * 7 + 3) % classes);
  const std::function<void(Index, Index)> part = [&](Index first, Index end) {
    if (end - first == 1) return;
    const Index split = first + (end - first + 2) / 3;
    options.splits.push_back(split);
    part(first, split), part(split, end);
  };
  part(0, classes);
  return std::make_shared<HierarchicalSoftmax<T>>(options);
}

void add_hierarchical_softmax(std::vector<LayerRow>& table) {
  const auto add = [&](Index classes, const Shape& h, const Shape& c) {
    table.push_back({text("HierarchicalSoftmax, ", classes, " classes, ", h),
                     hierarchical_softmax<float>(classes),
                     hierarchical_softmax<double>(classes),
                     {h, c},
                     {{}, {h}, {h, c, c}, {h, {9}}}});
    LayerRow& row = table.back();
    row.kind = InputKind::kTokens;
    row.is_flat = {false, true};
    const auto count = static_cast<double>(classes);
    row.domain = [count](std::size_t input, double x) {
      return input == 0 ? x : std::floor(std::fmod(std::abs(x) * 1000, count));
    };
  };
  add(2, {4}, {1});
  add(11, {3}, {1});
  add(25, {5, 3}, {5});
  add(1000, {67}, {1});
  add(13, {2, 3, 1}, {2, 3});
}

// the smallest lead of a largest piece over the next
double smallest_lead(const LayerRun<double>& run, Index pieces) {
  if (pieces == 1) return std::numeric_limits<double>::infinity();
  const auto &u = run.inputs[0], &weight = run.weights[0];
  const Index D = u.shape().back(), rows = numel(u.shape()) / D, columns = numel(weight.shape()) / D;
  const double* bias = run.weights.size() > 1 ? run.weights[1].data() : nullptr;
  auto z = reference::product(matrix(u.data(), rows, D), matrix(weight.data(), D, columns), bias).values;
  double smallest = std::numeric_limits<double>::infinity();
  for (auto unit = z.begin(); unit != z.end(); unit += pieces) {
    std::partial_sort(unit, unit + 2, unit + pieces, std::greater<>());
    smallest = std::min(smallest, unit[0] - unit[1]);
  }
  return smallest;
}

void add_maxout(std::vector<LayerRow>& table) {
  const auto add = [&](const std::string& name, Index units, Index pieces, bool use_bias, const Shape& sample) {
    table.push_back({name,
                     std::make_shared<Maxout<float>>(Maxout<float>::Options{units, pieces, use_bias}),
                     std::make_shared<Maxout<double>>(Maxout<double>::Options{units, pieces, use_bias}),
                     {sample},
                     all_but_one_input(sample),
                     false,
                     [pieces](const LayerRun<double>& run) { return smallest_lead(run, pieces); }});
  };
  add("Maxout", 3, 2, true, {4});
  add("Maxout, no bias", 2, 3, false, {5});
  add("Maxout, rows of rows", 2, 3, true, {3, 5});
  add("Maxout, one piece", 4, 1, true, {3});
  add("Maxout, wide", 21, 5, true, {67});
}

void add_standardize(std::vector<LayerRow>& table) {
  for (const Shape& sample : {Shape{5}, Shape{301}}) {
    table.push_back({text("Standardize, ", sample),
                     std::make_shared<Standardize<float>>(),
                     std::make_shared<Standardize<double>>(),
                     {sample},
                     all_but_one_input(sample)});
  }
}

void add_variables(std::vector<LayerRow>& table) {
  for (const Shape& shape : {Shape{}, Shape{3, 5}}) {
    const std::vector<std::vector<Shape>> refused{{shape}};
    table.push_back({text("Variable, ", shape),
                     std::make_shared<Variable<float>>(shape),
                     std::make_shared<Variable<double>>(shape),
                     {},
                     refused});
    table.push_back({text("Constant, ", shape),
                     std::make_shared<Constant<float>>(shape),
                     std::make_shared<Constant<double>>(shape),
                     {},
                     refused});
  }
}

void add_whiten(std::vector<LayerRow>& table) {
  for (const Shape& sample : {Shape{5}, Shape{67}}) {
    table.push_back({text("Whiten, ", sample),
                     std::make_shared<Whiten<float>>(),
                     std::make_shared<Whiten<double>>(),
                     {sample},
                     all_but_one_input(sample)});
  }
}

}  // namespace

const std::vector<LayerRow>& layer_table() {
  static const auto table = [] {
    std::vector<LayerRow> rows;
    add_dense(rows);
    add_dense_sparse(rows);
    add_embedding(rows);
    add_activations(rows);
    add_batch_norm(rows);
    add_dropout(rows);
    add_gaussian_noise(rows);
    add_hierarchical_softmax(rows);
    add_maxout(rows);
    add_prelu(rows);
    add_standardize(rows);
    add_variables(rows);
    add_whiten(rows);
    add_operators(rows);
    add_augmentation(rows);
    add_images(rows);
    add_sequences(rows);
    return rows;
  }();
  return table;
}

}  // namespace nncpp::testing
