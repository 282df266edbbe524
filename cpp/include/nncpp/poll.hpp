// Poll: what long work asks now and then, between nodes, steps or blocks of rows; true stops it (Ctrl-C).
#pragma once

#include <functional>

namespace nncpp {

using Poll = std::function<bool()>;  // empty: never asked

// thrown when a poll said stop; not an error, and so none of them
struct Interrupted {};

}  // namespace nncpp
