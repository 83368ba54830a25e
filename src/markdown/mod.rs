//! Reads Markdown line by line: which quotes and items a line stands in, and what it is there. The
//! one reader of fences and formulas for all who ask: what is rendered, copied and exported, and
//! whether a prompt goes on.
//!
//! Pure, and knows nothing of terminals: no rows, no styles. Marks inside a line and cells are read
//! where they are drawn.

mod block;
mod code;
mod cursor;
pub mod drawing;
mod fences;
pub mod math;
mod spoken;

pub use block::{Container, Kind, Reader};
pub use code::code_length;
pub use cursor::tab_width;
pub use fences::{code_blocks, open_fence};
pub use spoken::Spoken;
