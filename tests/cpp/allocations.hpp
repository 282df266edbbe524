// How many times this program has asked for memory. In its own translation unit, which replaces the allocator.
#pragma once

namespace nncpp::testing {

long num_allocations();

}  // namespace nncpp::testing
