#include "nncpp/layers/elementwise.hpp"

#include <cmath>

#include "broadcast.hpp"
#include "nncpp/dual.hpp"

namespace nncpp {
namespace {

constexpr std::array<std::string_view, 6> kKinds{"Negative", "Exp", "Log", "Sqrt", "Square", "Abs"};
constexpr double kWork = 16.0;  // multiply-adds that a function takes as long as

}  // namespace

template <typename T>
Elementwise<T>::Elementwise(std::string_view kind) : operation_(operation_of<Operation>(kKinds, kind)) {}

template <typename T>
std::string Elementwise<T>::kind() const {
  return std::string(kKinds[static_cast<std::size_t>(operation_)]);
}

template <typename T>
Shape Elementwise<T>::output_shape(std::span<const Shape> inputs) const {
  require_inputs(inputs, 1);
  return inputs[0];
}

template <typename T>
bool Elementwise<T>::backward_reads_inputs() const {
  return operation_ == Operation::kLog || operation_ == Operation::kSquare || operation_ == Operation::kAbs;
}

template <typename T>
bool Elementwise<T>::backward_reads_output() const {
  return operation_ == Operation::kExp || operation_ == Operation::kSqrt;
}

template <typename T>
void Elementwise<T>::forward(const Forward<T>& pass) const {
  using std::abs, std::exp, std::log, std::sqrt;
  switch (operation_) {
    case Operation::kNegative:
      return broadcast_forward<1>(pass, 1.0, [](T u) { return -u; });
    case Operation::kExp:
      return broadcast_forward<1>(pass, kWork, [](T u) { return exp(u); });
    case Operation::kLog:
      return broadcast_forward<1>(pass, kWork, [](T u) { return log(u); });
    case Operation::kSqrt:
      return broadcast_forward<1>(pass, kWork, [](T u) { return sqrt(u); });
    case Operation::kSquare:
      return broadcast_forward<1>(pass, 1.0, [](T u) { return u * u; });
    case Operation::kAbs:
      return broadcast_forward<1>(pass, 1.0, [](T u) { return abs(u); });
  }
}

template <typename T>
void Elementwise<T>::backward(const Backward<T>& pass) const {
  switch (operation_) {
    case Operation::kNegative:
      return broadcast_backward<1>(pass, 0, 1.0, [](T dv, T, T) { return -dv; });
    case Operation::kExp:
      return broadcast_backward<1>(pass, 0, 1.0, [](T dv, T v, T) { return v * dv; });
    case Operation::kLog:
      return broadcast_backward<1>(pass, 0, 4.0, [](T dv, T, T u) { return dv / u; });
    case Operation::kSqrt:
      return broadcast_backward<1>(pass, 0, 4.0, [](T dv, T v, T) { return dv / (T(2) * v); });
    case Operation::kSquare:
      return broadcast_backward<1>(pass, 0, 1.0, [](T dv, T, T u) { return T(2) * u * dv; });
    case Operation::kAbs:
      return broadcast_backward<1>(pass, 0, 1.0, [](T dv, T, T u) {
        return u > T(0) ? dv : u < T(0) ? -dv : T(0) * u;
      });
  }
}

template class Elementwise<float>;
template class Elementwise<double>;
template class Elementwise<Dual>;

}  // namespace nncpp
