// Negative log likelihoods of classes, on z: sigmoid and softmax are part of the formula.
#pragma once

#include <algorithm>
#include <cmath>

#include "../softmax.hpp"
#include "labels.hpp"
#include "nncpp/error.hpp"
#include "nncpp/loss.hpp"

namespace nncpp::losses {

// sum_k log(1 + exp(z_k)) - y_k z_k
template <typename T>
class NLL final : public RowLoss<T> {
 public:
  explicit NLL(double label_smoothing) : smoothing_(static_cast<T>(label_smoothing)) {}
  std::string_view name() const override { return "nll"; }
  bool is_paired(Activation output) const override {
    if (output == Activation::kSigmoid) return true;
    throw DataError(text("loss 'nll' needs an output with activation 'sigmoid', got '", to_string(output),
                         "'; use 'nllm' with 'softmax', 'squared' with 'identity'"));
  }
  void require_valid(const Source& target, const Shape& output) const override {
    Loss<T>::require_valid(target, output);
    for_each_value<T>(target, [&](T y, Index r) {
      if (!(y >= T(0) && y <= T(1)))
        throw DataError(text(target.name, ": expected targets in [0, 1] for loss 'nll', got ", y, " in row ", r));
    });
  }

 private:
  T smoothed(T y) const { return (T(1) - smoothing_) * y + T(0.5) * smoothing_; }

  Wide<T> row(const T* z, Index columns, const Target<T>& target, Index r, T scale, T* d,
              bool& correct) const override {
    using std::exp, std::log1p;
    const T* y = target.values + r * columns;
    Wide<T> loss = 0;
    correct = true;
    for (Index k = 0; k < columns; ++k) {
      const Wide<T> x = static_cast<Wide<T>>(z[k]);
      const bool is_positive = x > 0.0;
      loss += (is_positive ? x : 0.0) - x * static_cast<Wide<T>>(smoothed(y[k])) + log1p(exp(is_positive ? -x : x));
      correct &= (z[k] > T(0)) == (y[k] > T(0.5));
    }
    if (d != nullptr) {
      sigmoid(z, d, columns);
      for (Index k = 0; k < columns; ++k) d[k] = (d[k] - smoothed(y[k])) * scale;
    }
    return loss;
  }
  T smoothing_;
};

inline bool require_softmax(Activation output, std::string_view loss) {
  if (output == Activation::kSoftmax) return true;
  throw DataError(text("loss '", loss, "' needs an output with activation 'softmax', got '", to_string(output),
                       "'; use 'nll' with 'sigmoid', 'squared' with 'identity'"));
}

// log sum_k exp(z_k) - sum_k y_k z_k
template <typename T>
class NLLM final : public RowLoss<T> {
 public:
  explicit NLLM(double label_smoothing) : smoothing_(static_cast<T>(label_smoothing)) {}
  std::string_view name() const override { return "nllm"; }
  bool takes_labels() const override { return true; }
  bool is_paired(Activation output) const override { return require_softmax(output, name()); }
  void require_valid(const Source& target, const Shape& output) const override {
    const Index classes = output.back();
    if (numel(target.sample) * classes == numel(output)) {
      require_labels(target, classes, name());
    } else {
      Loss<T>::require_valid(target, output);
      require_distributions<T>(target, classes);
    }
  }

 private:
  Wide<T> row(const T* z, Index columns, const Target<T>& target, Index r, T scale, T* d,
              bool& correct) const override {
    const T* y = target.labels == nullptr ? target.values + r * columns : nullptr;
    const Index label = y == nullptr ? target.labels[r] : 0;
    T most, total;  // largest z, sum exp(z_k - most)
    if (1 < simd::kLanes<T> && columns <= simd::kLanes<T> && y == nullptr && smoothing_ == T(0)) {
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
      const T to_p = scale / total, keep = (T(1) - smoothing_) * scale,
              each = smoothing_ / static_cast<T>(columns) * scale;
      if (d != nullptr && y != nullptr) {
        for (Index k = 0; k < columns; ++k) d[k] = d[k] * to_p - (y[k] * keep + each);
      } else if (d != nullptr) {
        for (Index k = 0; k < columns; ++k) d[k] = d[k] * to_p - each;
        d[label] -= keep;
      }
    }
    // -log p_k, the small number apart from the large ones
    const auto surprise = [&](T z_k) {
      using std::log;
      return log(static_cast<Wide<T>>(total)) + (static_cast<Wide<T>>(most) - static_cast<Wide<T>>(z_k));
    };
    // the first of the largest
    const auto is_predicted = [&](Index k) { return z[k] == most && std::find(z, z + k, most) == z + k; };
    Wide<T> loss = 0;
    if (y == nullptr) {
      correct = is_predicted(label);
      loss = surprise(z[label]);
    } else {
      for (Index k = 0; k < columns; ++k)
        if (y[k] != T(0)) loss += static_cast<Wide<T>>(y[k]) * surprise(z[k]);
      correct = is_predicted(std::max_element(y, y + columns) - y);
    }
    if (smoothing_ == T(0)) return loss;
    Wide<T> every = 0;
    for (Index k = 0; k < columns; ++k) every += surprise(z[k]);
    const double e = static_cast<double>(value_of(smoothing_));
    return (1.0 - e) * loss + e / static_cast<double>(columns) * every;
  }
  T smoothing_;
};

// t^2 sum_k y_k log(y_k / q_k), q = softmax(z / t)
template <typename T>
class KL final : public RowLoss<T> {
 public:
  explicit KL(double temperature) : temperature_(temperature) {}
  std::string_view name() const override { return "kl"; }
  bool is_paired(Activation output) const override { return require_softmax(output, name()); }
  void require_valid(const Source& target, const Shape& output) const override {
    Loss<T>::require_valid(target, output);
    require_distributions<T>(target, output.back());
  }

 private:
  Wide<T> row(const T* z, Index columns, const Target<T>& target, Index r, T scale, T* d,
              bool& correct) const override {
    using std::exp, std::log;
    const T* y = target.values + r * columns;
    const T* const most = std::max_element(z, z + columns);
    const auto shifted = [&](Index k) {
      return (static_cast<Wide<T>>(z[k]) - static_cast<Wide<T>>(*most)) / temperature_;
    };
    Wide<T> total = 0;
    for (Index k = 0; k < columns; ++k) total += exp(shifted(k));
    Wide<T> loss = 0;
    for (Index k = 0; k < columns; ++k) {
      const double y_k = static_cast<double>(value_of(y[k]));
      if (y_k > 0) loss += y_k * (std::log(y_k) - (shifted(k) - log(total)));
      if (d != nullptr)
        d[k] = static_cast<T>(temperature_ * (exp(shifted(k)) / total - y_k) * static_cast<Wide<T>>(scale));
    }
    correct = most - z == std::max_element(y, y + columns) - y;
    return temperature_ * temperature_ * loss;
  }
  double temperature_;
};

}  // namespace nncpp::losses
