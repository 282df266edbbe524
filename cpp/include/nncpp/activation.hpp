// Activations: v = f(z) and dz = f'(z) dv, written side by side, each in terms of its output v.
//   identity  v = z                      dz = dv
//   sigmoid   v = 1 / (1 + exp(-z))      dz = v (1 - v) dv
//   tanh      v = tanh z                 dz = (1 - v^2) dv
//   relu      v = max(z, 0)              dz = dv where v > 0, else 0 (the subgradient at 0 is 0)
//   softmax   v_i = exp(z_i) / sum_j exp(z_j), over the last axis
//                                        dz_i = v_i (dv_i - sum_j v_j dv_j): the full Jacobian
// Sources: Goodfellow, Bengio, Courville, Deep Learning, 2016, 6.2 and 6.3.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "nncpp/linalg.hpp"

namespace nncpp {

enum class Activation { kIdentity, kSigmoid, kTanh, kRelu, kSoftmax };

std::string_view to_string(Activation activation);
// throws DataError that lists the names
Activation activation_from_name(std::string_view name);
std::span<const std::string_view> activation_names();

// v (rows, columns) = f(z); z and v may be the same memory
template <typename T>
void activate(Activation activation, const T* z, T* v, Index rows, Index columns);

// dz (rows, columns) = or += f'(z) dv; dz and dv may be the same memory
template <typename T>
void activate_backward(Activation activation, const T* v, const T* dv, T* dz, Index rows, Index columns,
                       Write write = Write::kAssign);

}  // namespace nncpp
