#include "nncpp/loss.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "nncpp/error.hpp"
#include "nncpp/parallel.hpp"
#include "softmax.hpp"

namespace nncpp {
namespace {

// sum_k (p_k - y_k)^2
template <typename T>
class Squared final : public Loss<T> {
 public:
  std::string_view name() const override { return "squared"; }
  bool has_accuracy() const override { return false; }
  // Any output will do: the gradient then goes on through the activation.
  bool is_paired(Activation output) const override { return output == Activation::kIdentity; }

 private:
  double row(const T* p, Index columns, const Target<T>& target, Index r, T scale, T* d, bool&) const override {
    const T* y = target.values + r * columns;
    double loss = 0;
    for (Index k = 0; k < columns; ++k) {
      const double error = static_cast<double>(p[k]) - static_cast<double>(y[k]);
      loss += error * error;
      if (d != nullptr) d[k] = T(2) * (p[k] - y[k]) * scale;
    }
    return loss;
  }
};

// sum_k log(1 + exp(z_k)) - y_k z_k
template <typename T>
class NLL final : public Loss<T> {
 public:
  std::string_view name() const override { return "nll"; }
  bool is_paired(Activation output) const override {
    if (output == Activation::kSigmoid) return true;
    throw DataError(text("loss 'nll' needs an output with activation 'sigmoid', got '", to_string(output),
                         "'; use 'nllm' with 'softmax', 'squared' with 'identity'"));
  }
  void require_valid(const Source& target, const Shape& output) const override {
    Loss<T>::require_valid(target, output);
    require_range(target);
  }

 private:
  static void require_range(const Source& target) {
    std::vector<T> values(static_cast<std::size_t>(numel(target.sample)));
    for (Index r = 0; r < target.rows; ++r) {
      gather<T>(target, std::span(&r, 1), values.data());
      for (const T y : values)
        if (!(y >= T(0) && y <= T(1)))
          throw DataError(text(target.name, ": expected targets in [0, 1] for loss 'nll', got ", y, " in row ", r));
    }
  }

  double row(const T* z, Index columns, const Target<T>& target, Index r, T scale, T* d, bool& correct) const override {
    const T* y = target.values + r * columns;
    double loss = 0;
    correct = true;
    for (Index k = 0; k < columns; ++k) {
      const double x = static_cast<double>(z[k]);
      loss += std::max(x, 0.0) - x * static_cast<double>(y[k]) + std::log1p(std::exp(-std::abs(x)));
      correct &= (z[k] > T(0)) == (y[k] > T(0.5));
    }
    if (d != nullptr) {
      sigmoid(z, d, columns);
      for (Index k = 0; k < columns; ++k) d[k] = (d[k] - y[k]) * scale;
    }
    return loss;
  }
};

// log sum_k exp(z_k) - sum_k y_k z_k
template <typename T>
class NLLM final : public Loss<T> {
 public:
  std::string_view name() const override { return "nllm"; }
  bool takes_labels() const override { return true; }
  bool is_paired(Activation output) const override {
    if (output == Activation::kSoftmax) return true;
    throw DataError(text("loss 'nllm' needs an output with activation 'softmax', got '", to_string(output),
                         "'; use 'nll' with 'sigmoid', 'squared' with 'identity'"));
  }
  void require_valid(const Source& target, const Shape& output) const override {
    const Index classes = output.back();
    if (numel(target.sample) * classes == numel(output)) {
      require_labels(target, classes);
    } else {
      Loss<T>::require_valid(target, output);
      require_distributions(target, classes);
    }
  }

 private:
  static void require_labels(const Source& target, Index classes) {
    if (!target.is_integer())
      throw DataError(text(target.name, ": expected integer labels 0 ... ", classes - 1, " or distributions (n, ",
                           classes, ") for loss 'nllm', got real numbers; use y.astype(int) if they are labels"));
    std::vector<Index> labels(static_cast<std::size_t>(numel(target.sample)));
    for (Index r = 0; r < target.rows; ++r) {
      gather<Index>(target, std::span(&r, 1), labels.data());
      for (const Index label : labels)
        if (label < 0 || label >= classes)
          throw DataError(text(target.name, ": expected labels 0 ... ", classes - 1, ", got ", label, " in row ", r));
    }
  }
  static void require_distributions(const Source& target, Index classes) {
    std::vector<T> values(static_cast<std::size_t>(numel(target.sample)));
    for (Index r = 0; r < target.rows; ++r) {
      gather<T>(target, std::span(&r, 1), values.data());
      for (std::size_t i = 0; i < values.size(); i += static_cast<std::size_t>(classes)) {
        double sum = 0;
        for (Index k = 0; k < classes; ++k) {
          const T y = values[i + static_cast<std::size_t>(k)];
          if (!(y >= T(0))) throw DataError(text(target.name, ": expected probabilities >= 0, got ", y, " in row ", r));
          sum += static_cast<double>(y);
        }
        if (std::abs(sum - 1.0) > 1e-3)
          throw DataError(
              text(target.name, ": expected distributions that sum to 1, got a sum of ", sum, " in row ", r));
      }
    }
  }

  double row(const T* z, Index columns, const Target<T>& target, Index r, T scale, T* d, bool& correct) const override {
    const T* y = target.labels == nullptr ? target.values + r * columns : nullptr;
    const Index label = y == nullptr ? target.labels[r] : 0;
    T most, total;  // largest z, sum exp(z_k - most)
    if (columns <= simd::kLanes<T> && y == nullptr) {
      using namespace simd::ei;
      const ShortRow<T> row(z, columns);
      most = row.most;
      total = row.total;
      if (d != nullptr) {
        const auto is_label = pcmp_eq(plset<simd::Packet<T>>(T(0)), simd::set(static_cast<T>(label)));
        const auto p = pmul(row.e, simd::set(scale / total));
        simd::store_front<T>(d, psub(p, pand(is_label, simd::set(scale))), columns);
      }
    } else {
      most = largest(z, columns);
      total = exp_sum(z, most, d, columns);
      const T to_p = scale / total;
      for (Index k = 0; d != nullptr && k < columns; ++k) d[k] = d[k] * to_p - (y != nullptr ? y[k] * scale : T(0));
      if (d != nullptr && y == nullptr) d[label] -= scale;
    }
    // -log p_k, the small number apart from the large ones
    const auto surprise = [&](T z_k) {
      return std::log(static_cast<double>(total)) + (static_cast<double>(most) - static_cast<double>(z_k));
    };
    const Index predicted = std::find(z, z + columns, most) - z;
    if (y == nullptr) {
      correct = predicted == label;
      return surprise(z[label]);
    }
    double loss = 0;
    for (Index k = 0; k < columns; ++k)
      if (y[k] != T(0)) loss += static_cast<double>(y[k]) * surprise(z[k]);
    correct = predicted == std::max_element(y, y + columns) - y;
    return loss;
  }
};

constexpr Index kMostTasks = 64;
constexpr double kWorkPerElement = 64.0;

}  // namespace

LossSums& LossSums::operator+=(const LossSums& other) {
  loss += other.loss;
  weight += other.weight;
  correct += other.correct;
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
  const Index rows = output.rows(), columns = output.columns();
  const Index rows_per_sample = output.shape.rank() == 0 ? 1 : rows / output.shape[0];
  LossSums sums;
  sums.weight = static_cast<double>(rows);
  if (weights != nullptr) {
    sums.weight = 0;
    for (Index r = 0; r < rows; ++r) sums.weight += static_cast<double>(weights[r / rows_per_sample]);
  }
  const double over = sums.weight > 0 ? factor / sums.weight : 0.0;

  // Partial sums by task; how many there are depends on the shape only.
  const Index tasks = std::min(kMostTasks, (rows + 15) / 16);
  std::array<LossSums, kMostTasks> partial{};
  parallel_for(tasks, kWorkPerElement * static_cast<double>(rows) * static_cast<double>(columns), [&](Index task) {
    LossSums mine;
    for (Index r = task * rows / tasks; r < (task + 1) * rows / tasks; ++r) {
      const double weight = weights != nullptr ? static_cast<double>(weights[r / rows_per_sample]) : 1.0;
      bool correct = false;
      T* d = doutput != nullptr ? doutput + r * columns : nullptr;
      mine.loss +=
          weight * row(output.data + r * columns, columns, target, r, static_cast<T>(weight * over), d, correct);
      mine.correct += correct ? weight : 0.0;
    }
    partial[static_cast<std::size_t>(task)] = mine;
  });
  for (Index task = 0; task < tasks; ++task) sums += partial[static_cast<std::size_t>(task)];
  return sums;
}

template <typename T>
std::unique_ptr<Loss<T>> make_loss(std::string_view name) {
  if (name == "squared") return std::make_unique<Squared<T>>();
  if (name == "nll") return std::make_unique<NLL<T>>();
  if (name == "nllm") return std::make_unique<NLLM<T>>();
  throw DataError(text("loss: expected one of squared, nll, nllm; got '", name, "'"));
}

template class Loss<float>;
template class Loss<double>;
template std::unique_ptr<Loss<float>> make_loss<float>(std::string_view);
template std::unique_ptr<Loss<double>> make_loss<double>(std::string_view);

}  // namespace nncpp
