//! Answers that take a while and say how far they are: a line of JSON for each step, the last one with the result.

use std::{convert::Infallible, future::Future, pin::Pin};

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{ACCEPT, ContentEncoding},
    web::Bytes,
};
use app::roster::Step;
use futures_util::stream;
use serde::Serialize;
use tokio::sync::watch;
use utoipa::ToSchema;

use super::problem::{Answer, Problem};

/// The type of such an answer.
const LINES: &str = "application/x-ndjson";

/// One line of such an answer.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "step", rename_all = "snake_case")]
pub enum ProgressLine {
    /// The file has arrived and is read.
    Reading,
    /// Its cells are checked.
    Checking {
        /// Rows below the header.
        rows: usize,
    },
    /// Rows are written.
    Writing {
        /// So many.
        done: usize,
        /// Of so many.
        total: usize,
    },
    /// What follows from them is written.
    Following,
    /// The last line: what was asked for.
    Done {
        /// As it would stand in an answer without steps.
        #[schema(value_type = Object)]
        result: serde_json::Value,
    },
    /// The last line: why it was not done.
    Failed {
        /// As it would stand in an answer without steps.
        problem: Problem,
    },
}

impl ProgressLine {
    fn of(step: Step) -> Self {
        match step {
            Step::Waiting | Step::Reading => Self::Reading,
            Step::Checking { rows } => Self::Checking { rows },
            Step::Writing { done, total } => Self::Writing { done, total },
            Step::Following => Self::Following,
        }
    }

    fn last<T: Serialize>(result: Answer<T>) -> Self {
        let result = result.and_then(|result| {
            serde_json::to_value(result).map_err(|error| app::Error::internal(error.to_string()).into())
        });
        match result {
            Ok(result) => Self::Done { result },
            Err(failure) => Self::Failed { problem: failure.problem() },
        }
    }

    fn bytes(&self) -> Bytes {
        let mut line = serde_json::to_vec(self).unwrap_or_default();
        line.push(b'\n');
        line.into()
    }
}

/// Answers with what `work` gives; by steps if that is what the client accepts. Work whose client goes away is dropped.
pub async fn answer<T: Serialize + 'static>(
    request: &HttpRequest,
    mut steps: watch::Receiver<Step>,
    work: impl Future<Output = Answer<T>> + 'static,
) -> Answer<HttpResponse> {
    let accepts = request.headers().get(ACCEPT).and_then(|accepts| accepts.to_str().ok());
    if !accepts.is_some_and(|accepts| accepts.contains(LINES)) {
        return Ok(HttpResponse::Ok().json(work.await?));
    }
    let mut work: Pin<Box<dyn Future<Output = Answer<T>>>> = Box::pin(work);
    // Who may not do it, or sent nothing that can be read, is refused by status as everywhere. Once a step was told
    // the answer is in lines, however quickly the rest went: never now this, now that.
    tokio::select! {
        biased;
        result = &mut work => {
            let begun = !matches!(*steps.borrow(), Step::Waiting);
            let line = ProgressLine::last(if begun { result } else { Ok(result?) });
            return Ok(HttpResponse::Ok().content_type(LINES).body(line.bytes()));
        }
        Ok(()) = steps.changed() => steps.mark_changed(),
    }
    let lines = stream::unfold(Some((work, steps)), |state| async move {
        let (mut work, mut steps) = state?;
        tokio::select! {
            biased;
            result = &mut work => {
                Some((Ok::<_, Infallible>(ProgressLine::last(result).bytes()), None))
            }
            Ok(()) = steps.changed() => {
                let line = ProgressLine::of(*steps.borrow_and_update());
                Some((Ok(line.bytes()), Some((work, steps))))
            }
        }
    });
    Ok(HttpResponse::Ok()
        .content_type(LINES)
        // Neither our compression nor a proxy in front holds lines back.
        .insert_header(ContentEncoding::Identity)
        .insert_header(("X-Accel-Buffering", "no"))
        .streaming(lines))
}
