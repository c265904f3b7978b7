//! The `rollcall` binary.

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

// Migrations run on a blocking bridge that needs the multi-thread runtime.
#[tokio::main]
async fn main() -> std::process::ExitCode {
    match server::commands::run().await {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) if error.is::<server::commands::Told>() => std::process::ExitCode::FAILURE,
        Err(error) => {
            tracing::error!(error = format!("{error:#}"), "stopped");
            std::process::ExitCode::FAILURE
        }
    }
}
