// Losses of scores: they ask for a distance between right and wrong, and for a linear output.
#pragma once

#include <algorithm>

#include "labels.hpp"
#include "nncpp/error.hpp"
#include "nncpp/loss.hpp"

namespace nncpp::losses {

// max(miss, 0), with the slope 0 at 0; NaN comes through
template <typename W>
W positive_part(const W& miss) {
  return miss <= 0.0 ? W(0) : miss;
}

template <typename T>
class Margin : public RowLoss<T> {
 public:
  bool is_paired(Activation output) const override {
    if (output == Activation::kIdentity) return true;
    throw DataError(text("loss '", this->name(), "' needs a linear output (activation 'identity'), got '",
                         to_string(output), "'; use 'nll' with 'sigmoid', 'nllm' with 'softmax'"));
  }
};

// sum_k max(1 - y_k s_k, 0)
template <typename T>
class Hinge final : public Margin<T> {
 public:
  explicit Hinge(bool is_zero_one) : is_zero_one_(is_zero_one) {}
  std::string_view name() const override { return "hinge"; }
  void require_valid(const Source& target, const Shape& output) const override {
    Loss<T>::require_valid(target, output);
    const T low = is_zero_one_ ? T(0) : T(-1);
    for_each_value<T>(target, [&](T y, Index r) {
      if (y != low && y != T(1))
        throw DataError(text(target.name, ": expected ", low, " or 1 for this loss 'hinge', got ", y, " in row ", r,
                             "; it is declared whether targets are -1 and 1, or 0 and 1"));
    });
  }

 private:
  Wide<T> row(const T* s, Index columns, const Target<T>& target, Index r, T scale, T* d,
              bool& correct) const override {
    const T* y = target.values + r * columns;
    Wide<T> loss = 0;
    correct = true;
    for (Index k = 0; k < columns; ++k) {
      const T sign = y[k] > T(0) ? T(1) : T(-1);
      const Wide<T> miss = 1.0 - static_cast<Wide<T>>(sign) * static_cast<Wide<T>>(s[k]);
      loss += positive_part(miss);
      correct &= (s[k] > T(0)) == (sign > T(0));
      if (d != nullptr) d[k] = miss > 0.0 ? -sign * scale : T(0);
    }
    return loss;
  }
  bool is_zero_one_;
};

// sum_{j != y} max(margin + s_j - s_y, 0)
template <typename T>
class MulticlassHinge final : public Margin<T> {
 public:
  explicit MulticlassHinge(double margin) : margin_(margin) {}
  std::string_view name() const override { return "multiclass_hinge"; }
  bool takes_labels() const override { return true; }
  void require_valid(const Source& target, const Shape& output) const override {
    const Index classes = output.back();
    if (numel(target.sample) * classes == numel(output)) return require_labels(target, classes, this->name());
    Loss<T>::require_valid(target, output);
    for_each_value<T>(target, [&](T y, Index r) {
      if (y != T(0) && y != T(1))
        throw DataError(
            text(target.name, ": expected labels or one-hot rows for loss 'multiclass_hinge', got ", y, " in row ", r));
    });
    require_distributions<T>(target, classes);
  }

 private:
  Wide<T> row(const T* s, Index columns, const Target<T>& target, Index r, T scale, T* d,
              bool& correct) const override {
    const T* y = target.values + r * columns;
    const Index label = target.labels != nullptr ? target.labels[r] : std::max_element(y, y + columns) - y;
    Wide<T> loss = 0;
    Index count = 0;
    for (Index j = 0; j < columns; ++j) {
      const Wide<T> miss = margin_ + (static_cast<Wide<T>>(s[j]) - static_cast<Wide<T>>(s[label]));
      const bool counts = j != label && !(miss <= 0.0);  // NaN counts, so that it is seen
      if (counts) loss += miss;
      count += counts;
      if (d != nullptr) d[j] = counts ? scale : T(0);
    }
    if (d != nullptr) d[label] = -static_cast<T>(count) * scale;
    correct = std::max_element(s, s + columns) - s == label;
    return loss;
  }
  double margin_;
};

// sum_k max(margin + c_k - s_k, 0); c comes as the target
template <typename T>
class MaxMargin final : public Margin<T> {
 public:
  explicit MaxMargin(double margin) : margin_(margin) {}
  std::string_view name() const override { return "max_margin"; }
  int num_outputs() const override { return 2; }

 private:
  Wide<T> row(const T* s, Index columns, const Target<T>& target, Index r, T scale, T* d,
              bool& correct) const override {
    const T* c = target.values + r * columns;
    Wide<T> loss = 0;
    correct = true;
    for (Index k = 0; k < columns; ++k) {
      const Wide<T> miss = margin_ + (static_cast<Wide<T>>(c[k]) - static_cast<Wide<T>>(s[k]));
      loss += positive_part(miss);
      correct &= s[k] > c[k];
      if (d != nullptr) d[k] = miss > 0.0 ? -scale : T(0);
    }
    return loss;
  }
  double margin_;
};

}  // namespace nncpp::losses
