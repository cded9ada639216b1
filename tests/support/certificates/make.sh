#!/usr/bin/env bash
#
# Makes the certificates of the tests again, valid for a hundred years. They protect nothing.
#
# Authorities: `one` and `other` (EC), `rsa`, and `past`, which signs what has expired. Whatever is
# signed by `one` is an honest party, unless its name says what is odd about it.

set -eu -o pipefail
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
days=36500
ec=(ec -pkeyopt ec_paramgen_curve:P-256)
rsa=(rsa:2048)

# authority NAME KEY...
authority() {
  local name=$1
  shift
  openssl req -x509 -newkey "$@" -nodes -days "$days" -subj "/CN=authority $name" \
    -keyout "$work/$name.key" -out "$name.pem"
}

# party FILE AUTHORITY SUBJECT NAMES KEY...: NAMES are lines of an alt_names section, or empty.
party() {
  local file=$1 signer=$2 subject=$3 names=$4
  shift 4
  openssl req -newkey "$@" -nodes -subj "$subject" -keyout "$file.key.pem" -out "$work/$file.csr"
  if [ -n "$names" ]; then
    printf 'subjectAltName=@alt_names\n[alt_names]\n%b\n' "$names" >"$work/extensions"
  else
    printf 'basicConstraints=CA:FALSE\n' >"$work/extensions"
  fi
  openssl x509 -req -in "$work/$file.csr" -CA "$signer.pem" -CAkey "$work/$signer.key" \
    -CAcreateserial -CAserial "$work/serial" -days "$days" -extfile "$work/extensions" \
    -out "$file.pem"
}

authority one "${ec[@]}"
authority other "${ec[@]}"
authority rsa "${rsa[@]}"
party SP10 one /CN=ignored 'DNS.1=SP10' "${ec[@]}"
party SP20 one /CN=ignored 'DNS.1=SP20' "${ec[@]}"
party SP10-renewed one /CN=ignored 'DNS.1=SP10' "${ec[@]}"
party SP20-renewed one /CN=ignored 'DNS.1=SP20' "${ec[@]}"
party SP30 other /CN=ignored 'DNS.1=SP30' "${ec[@]}"
party SP10-rsa rsa /CN=ignored 'DNS.1=SP10\nURI.1=spiffe://example.org/SP10' "${rsa[@]}"
party SP20-rsa rsa /CN=ignored 'DNS.1=SP20\nURI.1=spiffe://example.org/SP20' "${rsa[@]}"
party desk one /CN=ignored 'DNS.1=desk' "${ec[@]}"
party desk-rsa rsa /CN=ignored 'DNS.1=desk' "${rsa[@]}"
party host one /CN=ignored 'IP.1=127.0.0.1\nIP.2=::1\nDNS.1=localhost' "${ec[@]}"
party host-SP20 one /CN=ignored 'IP.1=127.0.0.1\nDNS.1=SP20' "${ec[@]}"
party cluster one /CN=ignored 'DNS.1=cluster\nDNS.2=SP10\nDNS.3=SP20' "${ec[@]}"
party uri one /CN=ignored 'URI.1=spiffe://example.org/SP20' "${ec[@]}"
party common-name one /CN=SP20 '' "${ec[@]}"
party two-common-names one /CN=SP20/CN=SP30 '' "${ec[@]}"
party forged-comma one /CN=ignored 'DNS.1=a, DNS:SP20, DNS:b' "${ec[@]}"
party forged-mail one /CN=SP20 'email.1=SP20' "${ec[@]}"
party forged-common-name one /CN=SP20 'DNS.1=SP99' "${ec[@]}"

# `x509` makes nothing that has expired; `ca` does.
printf '[ca]\ndefault_ca=past\n[past]\ndatabase=%s/index\nnew_certs_dir=%s\nserial=%s/past.serial\n' \
  "$work" "$work" "$work" >"$work/ca"
printf 'default_md=sha256\npolicy=any\nunique_subject=no\n[any]\ncommonName=supplied\n' >>"$work/ca"
touch "$work/index"
echo 01 >"$work/past.serial"

# dated FILE SUBJECT EXTENSIONS START END SIGNER...
dated() {
  local file=$1 subject=$2 extensions=$3 start=$4 end=$5
  shift 5
  openssl req -newkey "${ec[@]}" -nodes -subj "$subject" -keyout "$work/$file.key" \
    -out "$work/$file.csr"
  printf '%b\n' "$extensions" >"$work/extensions"
  openssl ca -batch -notext -config "$work/ca" -in "$work/$file.csr" -out "$file.pem" \
    -startdate "$start" -enddate "$end" -extfile "$work/extensions" "$@"
}

dated past '/CN=authority past' 'basicConstraints=critical,CA:TRUE\nsubjectKeyIdentifier=hash' \
  20200101000000Z 21200101000000Z -selfsign -keyfile "$work/past.key"
dated SP20-expired /CN=ignored 'subjectAltName=DNS:SP20' 20200101000000Z 20210101000000Z \
  -cert past.pem -keyfile "$work/past.key"
mv "$work/SP20-expired.key" SP20-expired.key.pem
