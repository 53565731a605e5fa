//! `web-bundle make PAGE MODULE LICENCES IMAGES FOLDER` makes a folder of static files of the folder of the page's own files, the compiled module,
//! the text of its licences, and images of boards, if their folder is there; `web-bundle serve FOLDER` serves it on loopback.

mod bundle;
mod serve;

use std::process::ExitCode;

use anyhow::{Result, bail};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["make", page, module, licences, images, folder] => {
            bundle::bundle(page.as_ref(), module.as_ref(), licences.as_ref(), images.as_ref(), folder.as_ref())
        }
        ["serve", folder] => serve::serve(folder.as_ref()),
        _ => bail!("usage: web-bundle make PAGE MODULE LICENCES IMAGES FOLDER, or web-bundle serve FOLDER"),
    }
}
