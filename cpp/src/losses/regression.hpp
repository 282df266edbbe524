// Losses of numbers: any output will do, the gradient then goes on through its activation.
#pragma once

#include <algorithm>
#include <cmath>

#include "nncpp/loss.hpp"

namespace nncpp::losses {

template <typename T>
class Regression : public RowLoss<T> {
 public:
  bool has_accuracy() const override { return false; }
  bool is_paired(Activation output) const override { return output == Activation::kIdentity; }

 protected:
  // sum_k value(p_k - y_k), d_k = slope(p_k - y_k) scale
  template <typename Value, typename Slope>
  static Wide<T> sum_columns(const T* p, const T* y, Index columns, T scale, T* d, Value value, Slope slope) {
    Wide<T> loss = 0;
    for (Index k = 0; k < columns; ++k) {
      loss += value(static_cast<Wide<T>>(p[k]) - static_cast<Wide<T>>(y[k]));
      if (d != nullptr) d[k] = slope(p[k] - y[k]) * scale;
    }
    return loss;
  }
};

template <typename T>
class Squared final : public Regression<T> {
 public:
  std::string_view name() const override { return "squared"; }

 private:
  Wide<T> row(const T* p, Index columns, const Target<T>& target, Index r, T scale, T* d, bool&) const override {
    return this->sum_columns(
        p, target.values + r * columns, columns, scale, d, [](Wide<T> e) { return e * e; },
        [](T e) { return T(2) * e; });
  }
};

template <typename T>
class Absolute final : public Regression<T> {
 public:
  std::string_view name() const override { return "absolute"; }

 private:
  Wide<T> row(const T* p, Index columns, const Target<T>& target, Index r, T scale, T* d, bool&) const override {
    return this->sum_columns(
        p, target.values + r * columns, columns, scale, d,
        [](Wide<T> e) {
          using std::abs;
          return abs(e);
        },
        [](T e) { return static_cast<T>(e > T(0)) - static_cast<T>(e < T(0)); });
  }
};

template <typename T>
class Huber final : public Regression<T> {
 public:
  explicit Huber(double delta) : delta_(delta) {}
  std::string_view name() const override { return "huber"; }

 private:
  Wide<T> row(const T* p, Index columns, const Target<T>& target, Index r, T scale, T* d, bool&) const override {
    const T bound = static_cast<T>(delta_);
    return this->sum_columns(
        p, target.values + r * columns, columns, scale, d,
        [&](Wide<T> e) {
          using std::abs;
          const Wide<T> size = abs(e);
          return size <= delta_ ? 0.5 * e * e : delta_ * (size - 0.5 * delta_);
        },
        [&](T e) { return std::clamp(e, -bound, bound); });
  }
  double delta_;
};

}  // namespace nncpp::losses
