/**
 * Makes something, such as a kernel, once for each variant: pipelines are known by their text, and texts are long.
 * @param keyOf tells variants apart; without it, they are told apart by the values of all their properties
 */
export function perVariant<Variant extends object | string, Made>(
  make: (variant: Variant) => Made,
  keyOf: (variant: Variant) => string = valuesOf,
): (variant: Variant) => Made {
  const known = new Map<string, Made>()
  return (variant) => {
    const key = keyOf(variant)
    let made = known.get(key)
    if (made === undefined) {
      made = make(variant)
      known.set(key, made)
    }
    return made
  }
}

function valuesOf(variant: object | string): string {
  return typeof variant === 'string' ? variant : Object.values(variant).join()
}
