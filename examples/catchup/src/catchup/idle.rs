//! Connections that are kept open for another request.

use super::Cx;
use crate::net::Bytes;

/// Takes one that is fit for another request, if there is one. A connection that can be read is not: the server has
/// closed it, or sends what belongs to no request.
pub fn take(cx: &mut Cx<'_>) -> Option<Box<dyn Bytes>> {
    while let Some(mut stream) = cx.app.idle.pop() {
        if stream.read(cx, &mut [0]).is_pending() {
            return Some(stream);
        }
    }
    None
}

/// Keeps one over which a file has come that turned out to be right. More than there are slots would never be used.
pub fn put(cx: &mut Cx<'_>, stream: Option<Box<dyn Bytes>>) {
    if cx.app.idle.len() < cx.app.settings.slots {
        cx.app.idle.extend(stream);
    }
}
