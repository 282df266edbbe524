#include "layer_table.hpp"

#include "activations.hpp"
#include "nncpp/error.hpp"
#include "nncpp/layers/activation.hpp"
#include "nncpp/layers/dense.hpp"
#include "nncpp/layers/dropout.hpp"
#include "nncpp/layers/standardize.hpp"

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

}  // namespace

const std::vector<LayerRow>& layer_table() {
  static const auto table = [] {
    std::vector<LayerRow> rows;
    add_dense(rows);
    add_activations(rows);
    add_dropout(rows);
    add_standardize(rows);
    return rows;
  }();
  return table;
}

}  // namespace nncpp::testing
