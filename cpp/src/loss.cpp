#include "nncpp/loss.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "losses/expression.hpp"
#include "losses/labels.hpp"
#include "losses/likelihood.hpp"
#include "losses/margin.hpp"
#include "losses/regression.hpp"
#include "nncpp/error.hpp"
#include "nncpp/parallel.hpp"

namespace nncpp {
namespace {

constexpr Index kMostTasks = 64;
constexpr double kWorkPerElement = 64.0;

void require(bool is_right, const char* option, const char* interval, double value) {
  if (!is_right) throw DataError(text(option, ": expected a number in ", interval, ", got ", value));
}

}  // namespace

LossSums& LossSums::operator+=(const LossSums& other) {
  loss += other.loss;
  weight += other.weight;
  correct += other.correct;
  slope += other.slope;
  return *this;
}

template <typename T>
void Loss<T>::require_valid(const Source& target, const Shape& output) const {
  if (numel(target.sample) != numel(output))
    throw ShapeError(text(target.name, ": expected ", to_string(output, true), " for loss '", name(), "', got ",
                          to_string(target.sample, true)));
  require_finite<T>(target);
}

template <typename T>
LossSums Loss<T>::evaluate(Tensor<const T> output, const Target<T>& target, const T* weights, T* doutput,
                           double factor) const {
  const Index columns = output.shape.rank() < 2 ? 1 : output.columns(), rows = output.size() / columns;
  const Index rows_per_sample = output.shape.rank() == 0 ? 1 : rows / output.shape[0];
  LossSums sums;
  sums.weight = static_cast<double>(rows);
  if (weights != nullptr) {
    sums.weight = 0;
    for (Index r = 0; r < rows; ++r) sums.weight += static_cast<double>(value_of(weights[r / rows_per_sample]));
  }
  const double over = sums.weight > 0 ? factor / sums.weight : 0.0;
  sums += sum({output, target, rows, columns, doutput, weights, rows_per_sample, over});
  return sums;
}

template <typename T>
LossSums RowLoss<T>::sum(const typename Loss<T>::Batch& batch) const {
  const Index rows = batch.rows, columns = batch.columns;
  // Partial sums by task; how many there are depends on the shape only.
  const Index tasks = std::min(kMostTasks, (rows + 15) / 16);
  std::array<LossSums, kMostTasks> partial{};
  parallel_for(tasks, kWorkPerElement * static_cast<double>(rows) * static_cast<double>(columns), [&](Index task) {
    Wide<T> loss = 0;
    double correct = 0;
    for (Index r = task * rows / tasks; r < (task + 1) * rows / tasks; ++r) {
      const double weight = batch.weight(r);
      bool is_right = false;
      T* d = batch.doutput != nullptr ? batch.doutput + r * columns : nullptr;
      loss += weight * row(batch.output.data + r * columns, columns, batch.target, r, batch.scale(r), d, is_right);
      correct += is_right ? weight : 0.0;
    }
    partial[static_cast<std::size_t>(task)] = {value_of(loss), 0, correct, slope_of(loss)};
  });
  LossSums sums;
  for (Index task = 0; task < tasks; ++task) sums += partial[static_cast<std::size_t>(task)];
  return sums;
}

Task task_from_name(std::string_view name) {
  if (name == "regression") return Task::kRegression;
  if (name == "binary") return Task::kBinary;
  if (name == "classes") return Task::kClasses;
  throw DataError(text("task: expected regression, binary or classes, got '", name, "'"));
}

template <typename T>
void BatchLoss<T>::require_valid(const Source& target, const Shape& output) const {
  const Index classes = output.back();
  if (takes_labels() && numel(target.sample) * classes == numel(output))
    return losses::require_labels(target, classes, name());
  Loss<T>::require_valid(target, output);
}

template <typename T>
LossSums BatchLoss<T>::sum(const typename Loss<T>::Batch& batch) const {
  const Index columns = batch.columns;
  Buffer<Wide<T>> losses(batch.rows);
  evaluate_rows(batch.output, batch.target, losses.data(), batch.doutput);
  Wide<T> loss = 0;
  double correct = 0;
  for (Index r = 0; r < batch.rows; ++r) {
    const double weight = batch.weight(r);
    loss += weight * losses.data()[r];
    if (has_accuracy() && is_correct(batch.output.data + r * columns, columns, batch.target, r)) correct += weight;
    for (Index k = 0; batch.doutput != nullptr && k < columns; ++k) batch.doutput[r * columns + k] *= batch.scale(r);
  }
  return {value_of(loss), 0, correct, slope_of(loss)};
}

template <typename T>
bool BatchLoss<T>::is_correct(const T* v, Index columns, const Target<T>& target, Index r) const {
  const T* y = target.values != nullptr ? target.values + r * columns : nullptr;
  if (options_.task == Task::kClasses) {
    const Index label = y != nullptr ? std::max_element(y, y + columns) - y : target.labels[r];
    return std::max_element(v, v + columns) - v == label;
  }
  return std::equal(v, v + columns, y, [&](T v_k, T y_k) {
    return (value_of(v_k) > options_.threshold) == (y_k > T(0.5));  // no is 0 or -1
  });
}

template <typename T>
std::unique_ptr<Loss<T>> make_loss(std::string_view name, const LossOptions& options) {
  const auto is_positive = [](double value) { return value > 0 && std::isfinite(value); };
  require(is_positive(options.delta), "delta", "(0, inf)", options.delta);
  require(is_positive(options.margin), "margin", "(0, inf)", options.margin);
  require(is_positive(options.temperature), "temperature", "(0, inf)", options.temperature);
  require(options.label_smoothing >= 0 && options.label_smoothing < 1, "label_smoothing", "[0, 1)",
          options.label_smoothing);
  using namespace losses;
  if (name == "squared") return std::make_unique<Squared<T>>();
  if (name == "absolute") return std::make_unique<Absolute<T>>();
  if (name == "huber") return std::make_unique<Huber<T>>(options.delta);
  if (name == "hinge") return std::make_unique<Hinge<T>>(options.is_zero_one);
  if (name == "multiclass_hinge") return std::make_unique<MulticlassHinge<T>>(options.margin);
  if (name == "max_margin") return std::make_unique<MaxMargin<T>>(options.margin);
  if (name == "nll") return std::make_unique<NLL<T>>(options.label_smoothing);
  if (name == "nllm") return std::make_unique<NLLM<T>>(options.label_smoothing);
  if (name == "expression") return std::make_unique<Expression<T>>();
  if (name == "kl") return std::make_unique<KL<T>>(options.temperature);
  throw DataError(
      text("loss: expected one of squared, absolute, huber, hinge, multiclass_hinge, max_margin, nll, nllm, "
           "kl; got '",
           name, "'"));
}

template class Loss<float>;
template class Loss<double>;
template class Loss<Dual>;
template class RowLoss<float>;
template class RowLoss<double>;
template class RowLoss<Dual>;
template class BatchLoss<float>;
template class BatchLoss<double>;
template class BatchLoss<Dual>;
template std::unique_ptr<Loss<float>> make_loss<float>(std::string_view, const LossOptions&);
template std::unique_ptr<Loss<double>> make_loss<double>(std::string_view, const LossOptions&);
template std::unique_ptr<Loss<Dual>> make_loss<Dual>(std::string_view, const LossOptions&);

}  // namespace nncpp
