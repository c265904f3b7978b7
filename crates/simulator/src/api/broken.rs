//! An answer that breaks off: the connection ends before it is whole.

use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::body::{BodySize, MessageBody};
use actix_web::web::Bytes;

/// A body that ends in an error, by which the server closes the connection.
pub struct Broken {
    size: BodySize,
    start: Option<Bytes>,
    flushed: bool,
}

impl Broken {
    /// Not even a head is sent: it is only written out when a body has come so far.
    pub fn reset() -> Self {
        Self { size: BodySize::Stream, start: None, flushed: true }
    }

    /// The whole length is announced, and half of it sent.
    pub fn cut(body: &str) -> Self {
        let start = Bytes::copy_from_slice(&body.as_bytes()[..body.len() / 2]);
        Self { size: BodySize::Sized(body.len() as u64), start: Some(start), flushed: false }
    }
}

impl MessageBody for Broken {
    type Error = std::io::Error;

    fn size(&self) -> BodySize {
        self.size
    }

    fn poll_next(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        let this = self.get_mut();
        if let Some(start) = this.start.take() {
            return Poll::Ready(Some(Ok(start)));
        }
        if !this.flushed {
            // What stands in the buffer goes out while we wait.
            this.flushed = true;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(Some(Err(std::io::ErrorKind::ConnectionReset.into())))
    }
}
