// The layers that read sequences in the table of all layers.
#pragma once

#include "layer_table.hpp"

namespace nncpp::testing {

void add_sequences(std::vector<LayerRow>& table);

}  // namespace nncpp::testing
