#include "nncpp/train.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <numeric>

#include "nncpp/error.hpp"
#include "nncpp/parallel.hpp"

namespace nncpp {
namespace {

using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

constexpr double kPollSeconds = 0.02;
const Poll kNoPoll;

template <typename Options>
void require_options(const Options& options) {
  for (const MaxNorm& constraint : options.constraints)
    if (!(constraint.limit > 0)) throw DataError(text("max norm: expected a limit > 0, got ", constraint.limit));
  if (!(options.clipping.value > 0)) throw DataError(text("clip_value: expected > 0, got ", options.clipping.value));
  if (!(options.clipping.norm > 0)) throw DataError(text("clip_norm: expected > 0, got ", options.clipping.norm));
}

}  // namespace

template <typename T>
Trainer<T>::Trainer(std::shared_ptr<Objective<T>> objective, Options options)
    : objective_(std::move(objective)), options_(std::move(options)) {
  require_options(options_);
  const Graph<T>& graph = network().graph();
  options_.rates = cover(std::move(options_.rates), graph.theta_size());
  const auto piece_of = [&](std::size_t s) {
    const Segment& segment = graph.segments()[s];
    return RowPiece{segment.offset, segment.shape[0], numel(segment.shape) / segment.shape[0]};
  };
  std::vector<RowPiece> pieces, frozen;
  for (const std::size_t s : objective_->row_sparse())
    if (!is_constrained(graph.segments()[s])) {
      row_sparse_.push_back(s);
      pieces.push_back(piece_of(s));
    }
  for (std::size_t s = 0; s < graph.segments().size(); ++s)
    if (!graph.segments()[s].spec.is_trainable) frozen.push_back(piece_of(s));
  options_.rates = cut_out<T>(pieces, options_.rates);
  options_.rates = cut_out<T>(frozen, options_.rates);
  touched_.resize(pieces.size());
  state_ = options_.optimizer->start(graph.theta_size(), std::move(pieces));
}

// A constraint looks at whole columns.
template <typename T>
bool Trainer<T>::is_constrained(const Segment& segment) const {
  return std::any_of(options_.constraints.begin(), options_.constraints.end(),
                     [&](const MaxNorm& constraint) { return constraint.offset == segment.offset; });
}

// The rows of a batch are loaded and, where they waited, brought to this step before anything reads them.
template <typename T>
void Trainer<T>::load(typename Objective<T>::Batch& batch, const Examples& examples, std::span<const Index> rows) {
  for (const TouchedRows& touched : objective_->load(batch, examples, rows)) {
    const auto found = std::find(row_sparse_.begin(), row_sparse_.end(), touched.segment);
    if (found == row_sparse_.end()) continue;
    const auto piece = static_cast<std::size_t>(found - row_sparse_.begin());
    touched_[piece] = touched.rows;
    options_.optimizer->catch_up(state_, network().theta().data, piece, touched_[piece]);
  }
}

template <typename T>
RunResult Trainer<T>::run(const Examples& examples, const RunOptions& options, const Poll& poll, RunResult result,
                          Telemetry<T>* telemetry) {
  const typename Objective<T>::Occupied occupied(*objective_);
  objective_->require_shapes(examples);
  if (const Index streams = network().graph().num_streams(); streams > 0 && options.batch_size != streams)
    throw DataError(
        text("batch_size: expected ", streams, ", one row for each stream of the model, got ", options.batch_size));
  if (options.batch_size < 1) throw DataError(text("batch_size: expected 1 or more, got ", options.batch_size));
  const Index total = static_cast<Index>(options.order.size()), num_rows = examples.rows();
  const FloatMode float_mode;
  using Keep = typename Objective<T>::Keep;
  const Index capacity = std::min(options.batch_size, total);
  auto* const usual = &objective_->batch(capacity, Keep::kNothing);
  auto* const recorded = telemetry != nullptr ? &objective_->batch(capacity, Keep::kValues) : nullptr;
  if (telemetry != nullptr) telemetry->reserve(std::min(options.max_steps, total));
  const Tensor<T> theta = network().theta(), state = network().state();
  const Tensor<T> dtheta = objective_->dtheta(), next_state = objective_->next_state();
  const double fastest = this->fastest();

  result.sums.resize(objective_->num_losses());
  result.has_diverged = false;
  const Clock::time_point start = Clock::now();
  Clock::time_point last_poll = start;
  double last_step = kPollSeconds;  // unknown yet: ask between the nodes of the first step
  Index steps = 0;                  // of this run
  for (Index position = options.first; position < total && steps < options.max_steps;) {
    const Index n = std::min(options.batch_size, total - position);
    const double rate = options.rates[static_cast<std::size_t>(steps)];
    require_rate<T>(rate);
    const Poll& inside = last_step >= kPollSeconds ? poll : kNoPoll;
    const auto rows = options.order.subspan(static_cast<std::size_t>(position), static_cast<std::size_t>(n));
    for (const Index row : rows)
      if (row < 0 || row >= num_rows) throw DataError(text("order: expected rows 0 ... ", num_rows - 1, ", got ", row));
    const Draw draw{Mode::kTraining, static_cast<std::uint32_t>(state_.t), options.epoch};
    const bool is_recorded = telemetry != nullptr && telemetry->is_due(state_.t + 1);
    auto& batch = is_recorded ? *recorded : *usual;
    double penalty = 0;
    load(batch, examples, rows);
    bool is_finite = std::isfinite(objective_->forward(batch, draw, inside));
    if (is_finite) {
      penalty = objective_->backward(batch, draw, inside);
      if (is_recorded) telemetry->begin(objective_->plan(batch), theta.data, dtheta.data);
      const double norm = clip(options_.clipping, dtheta.data, options_.rates, state_.pieces, touched_);
      is_finite = std::isfinite(penalty) && is_step_finite<T>(rate * fastest, norm);
    }
    if (!is_finite) {
      result.has_diverged = true;
      divergence_ = diagnose(examples, rows, draw, rate, poll);
      break;
    }
    result.penalty += penalty;
    options_.optimizer->step(state_, rate, dtheta.data, theta.data, options_.rates, touched_);
    project<T>(options_.constraints, theta.data);
    std::copy(next_state.begin(), next_state.end(), state.data);
    if (is_recorded) telemetry->end(state_.t, theta.data);

    const std::vector<LossSums>& sums = objective_->sums(batch);
    for (std::size_t k = 0; k < sums.size(); ++k) result.sums[k] += sums[k];
    ++steps;
    ++result.steps;
    result.rows += n;
    position += n;
    const Clock::time_point now = Clock::now();
    last_step = Seconds(now - start).count() / static_cast<double>(steps);
    if (Seconds(now - start).count() >= options.seconds) break;
    if (poll && Seconds(now - last_poll).count() >= kPollSeconds) {
      if (poll()) throw Interrupted{};
      last_poll = now;
    }
  }
  return result;
}

template <typename T>
double Trainer<T>::fastest() const {
  double factor = 0;
  for (const RateRange& range : options_.rates) factor = std::max(factor, range.factor);
  for (const RowPiece& piece : state_.pieces) factor = std::max(factor, piece.factor);
  return factor;
}

// Why a step was not taken.
template <typename T>
Divergence Trainer<T>::diagnose(const Examples& examples, std::span<const Index> rows, const Draw& draw, double rate,
                                const Poll& poll) {
  const auto too_large = [&]() -> std::string_view {
    const double norm = clip(options_.clipping, objective_->dtheta().data, options_.rates, state_.pieces, touched_);
    if (!std::isfinite(norm)) return "norm of the gradient";
    return is_step_finite<T>(rate * fastest(), norm) ? "" : "update";
  };
  auto& batch = objective_->batch(static_cast<Index>(rows.size()), Objective<T>::Keep::kValues);
  return find_divergence(*objective_, batch, examples, rows, draw, too_large, poll).value_or(Divergence{});
}

template <typename T>
ObjectiveValue Trainer<T>::step(const Examples& examples, double rate, const Poll& poll) {
  objective_->require_valid(examples, poll);
  std::vector<Index> order(static_cast<std::size_t>(examples.rows()));
  std::iota(order.begin(), order.end(), Index{0});
  RunResult result = run(examples,
                         {.order = order,
                          .batch_size = examples.rows(),
                          .max_steps = 1,
                          .rates = {&rate, 1},
                          .epoch = static_cast<std::uint32_t>(state_.t)},
                         poll);
  const double mean =
      result.has_diverged ? std::numeric_limits<double>::quiet_NaN() : objective_->mean_loss(result.sums);
  return {std::move(result.sums), result.penalty, mean + result.penalty};
}

template class Trainer<float>;
template class Trainer<double>;

}  // namespace nncpp
