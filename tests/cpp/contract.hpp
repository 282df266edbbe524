// The layer contract: what holds for every layer, one function a point. Each returns what it found wrong, in words, so
// that a test can also show that a broken layer is found out.
#pragma once

#include <string>
#include <vector>

#include "layer_table.hpp"
#include "nncpp/layer.hpp"

namespace nncpp::testing {

using Failures = std::vector<std::string>;

// output written whole and of the planned shape, nothing else written, also for N = 1
template <typename T>
Failures check_output_shape(const LayerRow& row);

// gradients of every input and every parameter against central differences, with and without the loss taking the
// output activation over, on both sides of zero and away from kinks, also for N = 1
Failures check_gradients(const LayerRow& row);

// float gives what double gives
Failures check_float_against_double(const LayerRow& row);

// gradients add on top of others, alone and through a graph where the layer has two consumers and stands twice
template <typename T>
Failures check_gradients_add(const LayerRow& row);

// a gradient nobody wants is left out and changes no other
template <typename T>
Failures check_unwanted_gradients(const LayerRow& row);

// a batch of N = N batches of 1, in training where the layer neither is random nor couples rows
template <typename T>
Failures check_batch(const LayerRow& row);

// gradients of many rows are those of the rows in parts: sums over rows go through all of their tiles and blocks
Failures check_many_rows(const LayerRow& row);

// 1 = 2 = 3 = 8 threads, bit for bit
template <typename T>
Failures check_threads(const LayerRow& row);

// same seed, same bits; another seed, stream or step, other bits where the layer is random
template <typename T>
Failures check_seeds(const LayerRow& row);

// theta and state are all there is: copied into another network, they give the same bits
template <typename T>
Failures check_copied_parameters(const LayerRow& row);

// wrong inputs raise ShapeError that begins with the layer's name
template <typename T>
Failures check_refused_shapes(const LayerRow& row);

// whether a model of the layer alone can be given lengths of its inputs
bool takes_lengths(const LayerRow& row);

// a packed batch gives, step for step, what each of its sequences gives alone: outputs and all gradients
template <typename T>
Failures check_lengths(const LayerRow& row);

}  // namespace nncpp::testing
