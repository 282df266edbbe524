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
  const Index size = network().graph().theta_size();
  options_.rates = cover(std::move(options_.rates), size);
  state_ = options_.optimizer->start(size);
}

template <typename T>
RunResult Trainer<T>::run(const Examples& examples, const RunOptions& options, const Poll& poll, RunResult result) {
  const typename Objective<T>::Occupied occupied(*objective_);
  objective_->require_shapes(examples);
  if (options.batch_size < 1) throw DataError(text("batch_size: expected 1 or more, got ", options.batch_size));
  const Index total = static_cast<Index>(options.order.size());
  const FloatMode float_mode;
  auto& batch = objective_->batch(std::min(options.batch_size, total), Objective<T>::Keep::kNothing);
  const Tensor<T> theta = network().theta(), state = network().state();
  const Tensor<T> dtheta = objective_->dtheta(), next_state = objective_->next_state();
  double fastest = 0;  // the largest factor of the rate
  for (const RateRange& range : options_.rates) fastest = std::max(fastest, range.factor);

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
      if (row < 0 || row >= examples.rows())
        throw DataError(text("order: expected rows 0 ... ", examples.rows() - 1, ", got ", row));
    const typename Objective<T>::Draw draw{Mode::kTraining, static_cast<std::uint32_t>(state_.t)};
    if (!std::isfinite(objective_->forward(batch, examples, rows, draw, inside))) {
      result.has_diverged = true;
      break;
    }
    const double penalty = objective_->backward(batch, draw, inside);
    if (!is_step_finite<T>(rate * fastest, clip(options_.clipping, dtheta.data, theta.size()))) {
      result.has_diverged = true;
      break;
    }
    result.penalty += penalty;
    options_.optimizer->step(state_, rate, dtheta.data, theta.data, options_.rates);
    project<T>(options_.constraints, theta.data);
    std::copy(next_state.begin(), next_state.end(), state.data);

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
ObjectiveValue Trainer<T>::step(const Examples& examples, double rate, const Poll& poll) {
  objective_->require_valid(examples, poll);
  std::vector<Index> order(static_cast<std::size_t>(examples.rows()));
  std::iota(order.begin(), order.end(), Index{0});
  RunResult result =
      run(examples, {.order = order, .batch_size = examples.rows(), .max_steps = 1, .rates = {&rate, 1}}, poll);
  const double mean =
      result.has_diverged ? std::numeric_limits<double>::quiet_NaN() : objective_->mean_loss(result.sums);
  return {std::move(result.sums), result.penalty, mean + result.penalty};
}

template class Trainer<float>;
template class Trainer<double>;

}  // namespace nncpp
