//! A server for one computer: whoever publishes the page copies the folder to a real one.

use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Component, Path, PathBuf};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};

/// The bytes of a request that are read at most, and how long they are waited for.
const REQUEST: u64 = 16_384;
const PATIENCE: Duration = Duration::from_secs(10);

/// Serves a folder on loopback until it is interrupted. Prints the address.
///
/// # Errors
/// If there is no free port.
pub fn serve(folder: &Path) -> Result<()> {
    // The same each time, so that what the page saved is there again; any other if it is taken.
    let listener = TcpListener::bind("127.0.0.1:8473").or_else(|_| TcpListener::bind("127.0.0.1:0"));
    let listener = listener.context("cannot listen on 127.0.0.1")?;
    println!("http://{}/", listener.local_addr().context("the server has no address")?);
    thread::scope(|scope| {
        for stream in listener.incoming().flatten() {
            // Whoever went away misses the answer.
            scope.spawn(move || answer(folder, &stream).ok());
        }
    });
    Ok(())
}

/// Answers one request of a connection, and closes it.
fn answer(folder: &Path, mut stream: &TcpStream) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut lines = BufReader::new(stream.take(REQUEST)).lines();
    let request = lines.next().unwrap_or_else(|| Ok(String::new()))?;
    // To close before all was read would reset the connection.
    for line in lines {
        if line?.is_empty() {
            break;
        }
    }
    let (status, kind, body) = match file(folder, &request) {
        Some((path, bytes)) => ("200 OK", kind(&path), bytes),
        None => ("404 Not Found", "text/plain", b"not found".to_vec()),
    };
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nCache-Control: no-cache\r\nConnection: close\r\n\r\n",
        body.len()
    )?;
    stream.write_all(&body)
}

/// The file that a request line asks for, with its path. None leads out of the folder.
fn file(folder: &Path, request: &str) -> Option<(PathBuf, Vec<u8>)> {
    let url = request.strip_prefix("GET ")?.split(' ').next()?;
    let path = url.split(['?', '#']).next()?.strip_prefix('/')?;
    let name = Path::new(if path.is_empty() { "index.html" } else { path });
    let inside = name.components().all(|part| matches!(part, Component::Normal(_)));
    let path = inside.then(|| folder.join(name))?;
    let bytes = fs::read(&path).ok()?;
    Some((path, bytes))
}

fn kind(path: &Path) -> &'static str {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("html") => "text/html; charset=utf-8",
        Some("txt") => "text/plain; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("wasm") => "application/wasm",
        Some("svg") => "image/svg+xml",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_request_leads_out_of_the_folder() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        assert!(file(&folder, "GET /main.rs?x#y HTTP/1.1").is_some());
        for url in
            ["/../Cargo.toml", "/./../Cargo.toml", "//etc/passwd", "/", "/nothing", "/a/../main.rs", "main.rs", ""]
        {
            assert!(file(&folder, &format!("GET {url} HTTP/1.1")).is_none(), "{url}");
        }
        for request in ["", "GET", "POST /main.rs HTTP/1.1", "\0"] {
            assert!(file(&folder, request).is_none(), "{request}");
        }
    }
}
