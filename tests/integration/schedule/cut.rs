//! Futures that are given up at one of the places where they wait.

use std::pin::Pin;
use std::task::{Context, Poll};

/// When a future is given up.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Cut {
    /// After it was polled so often.
    pub(crate) polls: usize,
    /// As soon as it waits, or only when it would be woken.
    pub(crate) is_late: bool,
}

/// A future that is dropped where `cut` says, and gives `None` then.
pub(crate) struct CutOff<F> {
    future: Option<Pin<Box<F>>>,
    cut: Cut,
}

impl<F: Future> CutOff<F> {
    pub(crate) fn new(future: F, cut: Cut) -> Self {
        Self {
            future: Some(Box::pin(future)),
            cut,
        }
    }
}

impl<F: Future> Future for CutOff<F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { future, cut } = &mut *self;
        let Some(waiting) = future else {
            return Poll::Ready(None);
        };
        let polled = match cut.polls {
            0 => Poll::Ready(None),
            _ => waiting.as_mut().poll(cx).map(Some),
        };
        cut.polls = cut.polls.saturating_sub(1);
        let is_over = cut.polls == 0 && !cut.is_late;
        if polled.is_ready() || is_over {
            *future = None;
            return Poll::Ready(match polled {
                Poll::Ready(output) => output,
                Poll::Pending => None,
            });
        }
        Poll::Pending
    }
}

/// Both ways to give up after `polls`.
pub(crate) fn cuts(polls: usize) -> [Cut; 2] {
    [false, true].map(|is_late| Cut { polls, is_late })
}
