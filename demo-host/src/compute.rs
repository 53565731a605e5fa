//! The device that models are trained on, chosen at run time among those that were compiled in.

#[cfg(feature = "burn")]
use anyhow::{Result, bail};
#[cfg(feature = "burn")]
use burn::tensor::Device;
use clap::ValueEnum;
use serde::{Deserialize, Serialize};

/// A kind of device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Compute {
    /// The processor, by burn's backend flex.
    #[default]
    Cpu,
    /// An NVIDIA GPU by CUDA; needs the feature `cuda`.
    Cuda,
    /// A GPU by Vulkan, Metal or DirectX; needs the feature `wgpu`.
    Wgpu,
    /// PyTorch in a Python of the user's, on its GPU if it has one; trains sweeps only.
    Torch,
}

impl Compute {
    /// The name as the command line spells it.
    pub fn label(self) -> &'static str {
        match self {
            Compute::Cpu => "cpu",
            Compute::Cuda => "cuda",
            Compute::Wgpu => "wgpu",
            Compute::Torch => "torch",
        }
    }

    /// The first device of this kind.
    ///
    /// # Errors
    /// If this program was built without it, or it is PyTorch, which is no device of burn's.
    #[cfg(feature = "burn")]
    pub fn device(self) -> Result<Device> {
        match self {
            Compute::Cpu => Ok(Device::flex()),
            #[cfg(feature = "cuda")]
            Compute::Cuda => Ok(Device::cuda(0)),
            #[cfg(feature = "wgpu")]
            Compute::Wgpu => Ok(Device::wgpu(burn::tensor::DeviceKind::DefaultDevice)),
            Compute::Torch => bail!("torch is only for `demo-host sweep`, without --dry-run: give another --device"),
            #[allow(unreachable_patterns, reason = "all are covered when all features are on")]
            _ => bail!(
                "this program was built without {name}: build it with `cargo build --release -p demo-host --features {name}`",
                name = self.label()
            ),
        }
    }
}
