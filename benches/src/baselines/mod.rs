//! What the ratios are to: the least code that does the same work by hand.

mod bare_loop;
mod kahn;
mod ordered_map;
mod search;
mod sleeping_loop;

pub use bare_loop::{BareLoop, Count, Step};
pub use kahn::{Graph, kahn, kahn_in_time};
pub use ordered_map::{Key, OrderedMap};
pub use search::Search;
pub use sleeping_loop::{STRIDE, SleepingLoop, period};
