// Azure region → geography. A backup opens only in the geography where it was made; a location that
// Azure does not know is a geography of its own.

const GEOGRAPHIES: Readonly<Record<string, string>> = {
  ...inGeography('unitedstates', [
    'centralus eastus eastus2 eastus3 northcentralus southcentralus',
    'westcentralus westus westus2 westus3',
  ]),
  ...inGeography('unitedstatesgovernment', ['usgovarizona usgovtexas usgovvirginia usgoviowa']),
  ...inGeography('europe', ['northeurope westeurope']),
  ...inGeography('asiapacific', ['eastasia southeastasia']),
  ...inGeography('australia', [
    'australiacentral australiacentral2 australiaeast australiasoutheast',
  ]),
  ...inGeography('brazil', ['brazilsouth brazilsoutheast']),
  ...inGeography('canada', ['canadacentral canadaeast']),
  ...inGeography('china', ['chinaeast chinaeast2 chinaeast3 chinanorth chinanorth2 chinanorth3']),
  ...inGeography('france', ['francecentral francesouth']),
  ...inGeography('germany', ['germanynorth germanywestcentral']),
  ...inGeography('india', ['centralindia southindia westindia jioindiacentral jioindiawest']),
  ...inGeography('japan', ['japaneast japanwest']),
  ...inGeography('korea', ['koreacentral koreasouth']),
  ...inGeography('norway', ['norwayeast norwaywest']),
  ...inGeography('southafrica', ['southafricanorth southafricawest']),
  ...inGeography('sweden', ['swedencentral swedensouth']),
  ...inGeography('switzerland', ['switzerlandnorth switzerlandwest']),
  ...inGeography('unitedarabemirates', ['uaecentral uaenorth']),
  ...inGeography('unitedkingdom', ['uksouth ukwest']),
};

/** `West US` and `westus` are the same location. */
export function geography(location: string): string {
  const region = location.toLowerCase().replaceAll(' ', '');
  return Object.hasOwn(GEOGRAPHIES, region) ? (GEOGRAPHIES[region] ?? region) : region;
}

function inGeography(name: string, lines: readonly string[]): Record<string, string> {
  return Object.fromEntries(lines.flatMap((line) => line.split(' ')).map((key) => [key, name]));
}
