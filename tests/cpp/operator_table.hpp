// The operators of the flow graph in the table of all layers.
#pragma once

#include "layer_table.hpp"

namespace nncpp::testing {

void add_operators(std::vector<LayerRow>& table);

}  // namespace nncpp::testing
