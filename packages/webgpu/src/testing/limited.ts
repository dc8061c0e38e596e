import { DeviceBackend, type WebGpuBackend } from '../backend.ts'
import { type Capabilities, capabilitiesOf, type FeatureSwitches } from '../device/capabilities.ts'
import { requestDevice } from '../device/request.ts'

/** A backend whose plans think that its device can do other things than it can, less in particular. */
export async function limitedBackend(
  capabilities: Partial<Capabilities>,
  features: FeatureSwitches = {},
): Promise<WebGpuBackend> {
  const request = async () => {
    const device = await requestDevice({ software: true })
    return {
      info: { device: 'a limited device', notes: ['for tests'] },
      device,
      capabilities: { ...capabilitiesOf(device, features), ...capabilities },
    }
  }
  return new DeviceBackend(await request(), request)
}
