#include "sequence_table.hpp"

#include "layer_run.hpp"
#include "nncpp/error.hpp"
#include "nncpp/layers/bidirectional.hpp"
#include "nncpp/layers/gru.hpp"
#include "nncpp/layers/last_step.hpp"
#include "nncpp/layers/lstm.hpp"
#include "nncpp/layers/simple_rnn.hpp"

namespace nncpp::testing {
namespace {

const Shape kSample{5, 3};

template <template <typename> class L, typename... Arguments>
LayerRow& add(std::vector<LayerRow>& table, const std::string& name, const Shape& sample, Index num_states,
              const RecurrentOptions& options, const Arguments&... arguments) {
  const Shape first{options.units}, wrong{options.units + 1};
  table.push_back({.name = name,
                   .in_float = std::make_shared<L<float>>(options, arguments...),
                   .in_double = std::make_shared<L<double>>(options, arguments...),
                   .inputs = {sample},
                   .refused = {{}, {{7}}, {sample.batch(2)}, {sample, sample}, {sample, first, first, first}},
                   .is_random = options.dropout > 0 || options.recurrent_dropout > 0});
  for (Index s = 0; s < num_states; ++s) table.back().inputs.push_back(first);
  if (num_states > 0)
    table.back().refused.push_back(num_states == 1 ? std::vector{sample, wrong} : std::vector{sample, first, wrong});
  return table.back();
}

template <template <typename> class L>
void add_cell(std::vector<LayerRow>& table, const std::string& kind, Index num_states) {
  for (const bool is_reverse : {false, true})
    for (const bool returns_sequences : {false, true})
      for (const Index states : {Index{0}, num_states})
        add<L>(table,
               text(kind, is_reverse ? ", reverse" : "", returns_sequences ? ", sequences" : "",
                    states > 0 ? ", first states" : ""),
               kSample, states, {.units = 4, .returns_sequences = returns_sequences, .is_reverse = is_reverse});
  add<L>(table, kind + ", wide", {3, 37}, 0, {.units = 67, .returns_sequences = true});
  add<L>(table, kind + ", one unit", {2, 1}, 0, {.units = 1});
  add<L>(table, kind + ", dropout", kSample, 0, {.units = 6, .returns_sequences = true, .dropout = 0.3});
  add<L>(table, kind + ", recurrent dropout", kSample, 0, {.units = 6, .recurrent_dropout = 0.3});
}

template <typename T>
LayerPointer<T> bidirectional(const std::string& kind, RecurrentOptions options, Merge merge) {
  std::array<std::shared_ptr<const Recurrent<T>>, 2> directions;
  for (auto& direction : directions) {
    if (kind == "LSTM")
      direction = std::make_shared<LSTM<T>>(options);
    else if (kind == "GRU")
      direction = std::make_shared<GRU<T>>(options);
    else
      direction = std::make_shared<SimpleRNN<T>>(options);
    options.is_reverse = true;
  }
  return std::make_shared<Bidirectional<T>>(directions[0], directions[1], merge);
}

void add_bidirectional(std::vector<LayerRow>& table) {
  const auto add = [&](const std::string& kind, bool returns_sequences, Merge merge, double dropout) {
    const RecurrentOptions options{
        .units = 4, .returns_sequences = returns_sequences, .dropout = dropout, .recurrent_dropout = dropout};
    table.push_back({.name = text("Bidirectional, ", kind, returns_sequences ? ", sequences" : "", ", merge ",
                                  static_cast<int>(merge), dropout > 0 ? ", dropout" : ""),
                     .in_float = bidirectional<float>(kind, options, merge),
                     .in_double = bidirectional<double>(kind, options, merge),
                     .inputs = {kSample},
                     .refused = {{}, {{7}}, {kSample.batch(2)}, {kSample, kSample}, {kSample, {4}}},
                     .is_random = dropout > 0});
  };
  for (const char* kind : {"SimpleRNN", "LSTM", "GRU"})
    for (const bool returns_sequences : {false, true}) add(kind, returns_sequences, Merge::kConcat, 0);
  for (const Merge merge : {Merge::kSum, Merge::kProduct, Merge::kAverage})
    for (const bool returns_sequences : {false, true}) add("SimpleRNN", returns_sequences, merge, 0);
  add("LSTM", true, Merge::kProduct, 0.3);
}

}  // namespace

void add_sequences(std::vector<LayerRow>& table) {
  add_cell<SimpleRNN>(table, "SimpleRNN", 1);
  add_cell<LSTM>(table, "LSTM", 2);
  add_cell<GRU>(table, "GRU", 1);
  for (const Activation activation : {Activation::kIdentity, Activation::kSigmoid, Activation::kGelu})
    add<SimpleRNN>(table, text("SimpleRNN, ", to_string(activation)), kSample, 0,
                   {.units = 4, .returns_sequences = true}, activation);
  add<LSTM>(table, "LSTM, both states", kSample, 2, {.units = 4, .returns_sequences = true, .returns_state = true});
  add<LSTM>(table, "LSTM, both last states", kSample, 0, {.units = 4, .returns_state = true});
  add_bidirectional(table);
  for (const bool is_first : {false, true})
    for (const Shape& sample : {kSample, Shape{4, 2, 3}})
      table.push_back({.name = text("LastStep", is_first ? ", first, " : ", ", sample),
                       .in_float = std::make_shared<LastStep<float>>(is_first),
                       .in_double = std::make_shared<LastStep<double>>(is_first),
                       .inputs = {sample},
                       .refused = {{}, {{7}}, {sample, sample}}});
  for (const Shape& sample : {Shape{6}, Shape{4, 6}})
    table.push_back({.name = text("Columns, ", sample),
                     .in_float = std::make_shared<Columns<float>>(1, 3),
                     .in_double = std::make_shared<Columns<double>>(1, 3),
                     .inputs = {sample},
                     .refused = {{}, {{3}}, {{}}, {sample, sample}}});
}

}  // namespace nncpp::testing
