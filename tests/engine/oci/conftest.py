from engine.oci.oci_bundle import bundle, make_bundle, runtime

__all__ = ["bundle", "make_bundle", "runtime"]
