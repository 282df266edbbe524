// Layers of images and of sequences in the table of all layers.
#pragma once

#include "layer_table.hpp"

namespace nncpp::testing {

void add_augmentation(std::vector<LayerRow>& table);
void add_images(std::vector<LayerRow>& table);

}  // namespace nncpp::testing
